import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError } from '../../src/errors.ts';
import { readTlsOptions } from '../../src/registry/tls-options.ts';
import { parseUrl } from '../../src/registry/url.ts';
import type { Target } from '../../src/spi/transport.ts';

type Ssl = Target['ssl'];

const read = (ssl: Ssl, isSecure = false, hostname: string | undefined = 'broker.example') =>
  readTlsOptions({ ssl, hostname, display: 'amqps://broker.example' }, isSecure);

describe('readTlsOptions', () => {
  let folder = '';
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kombu-tls-'));
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('is undefined where nobody asked for TLS', async () => {
    expect(await read(undefined)).toBeUndefined();
    expect(await read(false)).toBeUndefined();
  });

  it('checks the certificate and the host name unless told otherwise', async () => {
    for (const options of [await read(undefined, true), await read(true), await read(true, true), await read({})]) {
      expect(options).toEqual({ servername: 'broker.example' });
    }
  });

  it('sends no server name for an address or an unknown host', async () => {
    expect(await read(true, false, '127.0.0.1')).toEqual({});
    expect(await read(true, false, '::1')).toEqual({});
    expect(await readTlsOptions({ ssl: true, hostname: undefined, display: 'x' }, false)).toEqual({});
  });

  it('reads the files that Kombu names, with and without the prefix of URLs', async () => {
    const [ca, cert, key] = [await file('ca.pem', 'CA'), await file('cert.pem', 'CERT'), await file('key.pem', 'KEY')];
    const expected = { ca: Buffer.from('CA'), cert: Buffer.from('CERT'), key: Buffer.from('KEY') };
    expect(await read({ ca_certs: ca, certfile: cert, keyfile: key })).toMatchObject(expected);
    expect(await read({ ssl_ca_certs: ca, ssl_certfile: cert, ssl_keyfile: key })).toMatchObject(expected);
    const { ssl } = parseUrl(`amqps://h/?ssl_ca_certs=${ca}&ssl_certfile=${cert}&ssl_keyfile=${key}`);
    expect(await read(ssl)).toMatchObject(expected);
  });

  it('looks for the key beside the certificate, as Python does', async () => {
    const both = await file('both.pem', 'CERT+KEY');
    expect(await read({ certfile: both })).toMatchObject({
      cert: Buffer.from('CERT+KEY'),
      key: Buffer.from('CERT+KEY'),
    });
  });

  it.each([
    ['required', undefined],
    ['optional', undefined],
    ['none', false],
    ['CERT_NONE', false],
    ['CERT_REQUIRED', undefined],
  ])('reads cert_reqs %s', async (word, rejectUnauthorized) => {
    expect((await read({ cert_reqs: word }))?.rejectUnauthorized).toBe(rejectUnauthorized);
    expect((await read(parseUrl(`amqps://h/?ssl_cert_reqs=${word}`).ssl))?.rejectUnauthorized).toBe(rejectUnauthorized);
  });

  it('accepts another host name only when check_hostname is off', async () => {
    expect((await read({ check_hostname: true }))?.checkServerIdentity).toBeUndefined();
    for (const ssl of [{ check_hostname: false }, parseUrl('amqps://h/?ssl_check_hostname=false').ssl]) {
      const check = (await read(ssl))?.checkServerIdentity as (host: string, cert: unknown) => Error | undefined;
      expect(check('other.example', {})).toBeUndefined();
    }
  });

  it('passes the options of Node, which win', async () => {
    const ssl = { cert_reqs: 'none', rejectUnauthorized: true, minVersion: 'TLSv1.3', servername: 'inside', ca: 'PEM' };
    expect(await read(ssl)).toEqual({
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      servername: 'inside',
      ca: 'PEM',
    });
  });

  it('refuses what it would have to ignore', async () => {
    await expect(read({ ca_cert: '/ca.pem' })).rejects.toThrow(
      'Unknown option of ssl: "ca_cert". Did you mean "ca_certs"?',
    );
    await expect(read({ cert_reqs: 'maybe' })).rejects.toThrow(InvalidArgumentError);
    await expect(read({ check_hostname: 'sometimes' })).rejects.toThrow(InvalidArgumentError);
    await expect(read({ keyfile: Buffer.from('KEY') })).rejects.toThrow('ssl keyfile must be the path of a PEM file');
  });

  it('refuses a secure scheme whose TLS is switched off', async () => {
    await expect(read(false, true)).rejects.toThrow(
      'amqps://broker.example asks for TLS, and the option ssl forbids it',
    );
  });

  it('names the file that cannot be read', async () => {
    const missing = join(folder, 'missing.pem');
    await expect(read({ ca_certs: missing })).rejects.toThrow(`ssl ca_certs cannot be read: ${missing} (ENOENT)`);
  });
});

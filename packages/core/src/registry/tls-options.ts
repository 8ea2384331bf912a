import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { InvalidArgumentError } from '../errors.ts';
import type { Target } from '../spi/transport.ts';
import { checkKeys, readBoolean, readChoice } from './options.ts';

/** Kombu's words, in `ssl` of a connection's options and, with `ssl_` before them, in the query of a URL. */
const kombuKeys = ['ca_certs', 'certfile', 'keyfile', 'cert_reqs', 'check_hostname'] as const;

/** Node's words, for what Kombu has no word for or what is not in a file. */
const nodeKeys = [
  'ALPNProtocols',
  'ca',
  'cert',
  'checkServerIdentity',
  'ciphers',
  'crl',
  'ecdhCurve',
  'key',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'rejectUnauthorized',
  'secureContext',
  'servername',
  'session',
  'sigalgs',
] as const;

const validKeys = [...kombuKeys, ...kombuKeys.map((key) => `ssl_${key}`), ...nodeKeys];

const certReqs = ['required', 'optional', 'none', 'CERT_REQUIRED', 'CERT_OPTIONAL', 'CERT_NONE'] as const;

/**
 * What `tls.connect()` of Node wants to know for a target, or undefined for a plain socket. TLS is asked for by the scheme
 * (`isSecure`: `amqps`, `rediss`) or by `ssl` of the target: `true`, or an object with
 *
 * - `ca_certs`, `certfile`, `keyfile`: paths of PEM files, read at each call, so that renewed certificates are seen;
 * - `cert_reqs`: `required` (the default), `optional` (for a client the same, as in Python), `none`;
 * - `check_hostname`: false accepts a certificate that was made out to another host;
 * - options of `tls.connect()` under Node's names, which win over the ones above.
 *
 * Unlike Python, nothing is trusted unless it is asked for: without options the certificate is checked against the machine's
 * authorities, host name included.
 *
 * @throws InvalidArgumentError for unknown or contradictory options, and for files that cannot be read.
 */
export async function readTlsOptions(
  { ssl, hostname, display }: Pick<Target, 'ssl' | 'hostname' | 'display'>,
  isSecure: boolean,
): Promise<TlsOptions | undefined> {
  if (ssl === undefined || typeof ssl === 'boolean') {
    if (ssl === false && isSecure)
      throw new InvalidArgumentError(`${display} asks for TLS, and the option ssl forbids it`);
    return isSecure || ssl === true ? serverName(hostname) : undefined;
  }
  checkKeys(ssl, validKeys, 'option of ssl');
  return { ...serverName(hostname), ...(await fromKombu(ssl)), ...fromNode(ssl) };
}

/** Needed by servers with several certificates; an address is no server name. */
function serverName(hostname: string | undefined): TlsOptions {
  return hostname === undefined || isIP(hostname) !== 0 ? {} : { servername: hostname };
}

async function fromKombu(ssl: Readonly<Record<string, unknown>>): Promise<TlsOptions> {
  const given = (key: (typeof kombuKeys)[number]): unknown => ssl[key] ?? ssl[`ssl_${key}`];
  const [ca, cert, key] = await Promise.all([
    readPem(given('ca_certs'), 'ca_certs'),
    readPem(given('certfile'), 'certfile'),
    readPem(given('keyfile'), 'keyfile'),
  ]);
  const required = readCertReqs(given('cert_reqs'));
  const checksHost = given('check_hostname') ?? true;
  return {
    ...(ca && { ca }),
    // As in Python, the key may stand in the file of the certificate.
    ...(cert && { cert, key: key ?? cert }),
    ...(key && !cert && { key }),
    ...(required ? {} : { rejectUnauthorized: false }),
    ...(readBoolean(checksHost, 'ssl check_hostname') ? {} : { checkServerIdentity: () => undefined }),
  };
}

function readCertReqs(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return !readChoice(value, 'ssl cert_reqs', certReqs).toLowerCase().endsWith('none');
}

async function readPem(path: unknown, name: string): Promise<Buffer | undefined> {
  if (path === undefined || path === null) return undefined;
  if (typeof path !== 'string') throw new InvalidArgumentError(`ssl ${name} must be the path of a PEM file`);
  try {
    return await readFile(path);
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new InvalidArgumentError(`ssl ${name} cannot be read: ${path} (${code})`, { cause });
  }
}

function fromNode(ssl: Readonly<Record<string, unknown>>): TlsOptions {
  return Object.fromEntries(nodeKeys.filter((key) => ssl[key] !== undefined).map((key) => [key, ssl[key]]));
}

import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { servicesFolder } from './folder.ts';
import { withLock } from './lock.ts';
import { provide } from './provide.ts';
import { run } from './run.ts';

/** Paths of PEM files. The server's certificate is for `localhost`, 127.0.0.1 and ::1; both are signed by `ca`. */
export interface Certificates {
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  /** A client whose common name is `kombu-client`. */
  readonly clientCert: string;
  readonly clientKey: string;
}

/** Certificates for all servers of this checkout, made once with openssl. They are good for ten years. */
export async function certificates(): Promise<Certificates> {
  const folder = join(servicesFolder(), 'certificates');
  await withLock(`${folder}.lock`, async () => {
    if (!existsSync(folder)) await make(folder);
  });
  const at = (name: string): string => join(folder, name);
  return {
    ca: at('ca.crt'),
    serverCert: at('server.crt'),
    serverKey: at('server.key'),
    clientCert: at('client.crt'),
    clientKey: at('client.key'),
  };
}

/** Made beside and moved into place, so that a folder is there whole or not at all. */
async function make(folder: string): Promise<void> {
  const openssl = await provide({
    program: 'openssl',
    debian: ['openssl'],
    units: [],
    brew: 'openssl',
    variable: 'PATH',
  });
  const half = `${folder}.new`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  const at = (name: string): string => join(half, name);
  const issue = async (name: string, subject: string, extensions: readonly string[]): Promise<void> => {
    writeFileSync(at('extensions'), extensions.join('\n'));
    writeFileSync(at('config'), '[req]\ndistinguished_name=name\n[name]\n');
    const files = ['-keyout', at(`${name}.key`), '-out', at('request')];
    const subjectOf = ['-config', at('config'), '-subj', `/CN=${subject}`];
    await run(openssl, ['req', '-new', '-newkey', 'rsa:2048', '-nodes', ...subjectOf, ...files]);
    const ca = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial'];
    const by = name === 'ca' ? ['-signkey', at('ca.key')] : ca;
    const valid = ['-sha256', '-days', '3650', '-extfile', at('extensions')];
    await run(openssl, ['x509', '-req', '-in', at('request'), '-out', at(`${name}.crt`), ...by, ...valid]);
  };
  await issue('ca', 'kombu test CA', ['basicConstraints=critical,CA:TRUE', 'keyUsage=keyCertSign,cRLSign']);
  await issue('server', 'localhost', [
    'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1',
    'extendedKeyUsage=serverAuth',
  ]);
  await issue('client', 'kombu-client', ['extendedKeyUsage=clientAuth']);
  renameSync(half, folder);
}

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository, wherever this file lies in it: `src` and `dist` are of different depth. */
export const repository: string = findRepository(dirname(fileURLToPath(import.meta.url)));

function findRepository(from: string): string {
  if (existsSync(join(from, 'pnpm-workspace.yaml'))) return from;
  const parent = dirname(from);
  if (parent === from)
    throw new Error('No pnpm-workspace.yaml above tools/services: it works inside the repository only');
  return findRepository(parent);
}

/** Where all servers keep data, logs, ports and process ids: `KOMBU_SERVICES_DIR`, or `.services` in the repository. */
export function servicesFolder(): string {
  return resolve(repository, process.env['KOMBU_SERVICES_DIR'] || '.services');
}

/** A number that differs between checkouts, from which ports and node names derive. */
export function folderHash(folder: string): string {
  return createHash('sha256').update(folder).digest('hex').slice(0, 8);
}

/** A path for a unix socket: in the folder, or in the temporary folder when that is longer than systems allow (104 bytes). */
export function socketPath(folder: string, name: string): string {
  const path = join(folder, name);
  return Buffer.byteLength(path) < 100 ? path : join(tmpdir(), `${socketPrefix(folder)}${name}`);
}

/** Removes the sockets of an instance that lie in the temporary folder. */
export function removeSockets(folder: string): void {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith(socketPrefix(folder)));
  for (const name of names) rmSync(join(tmpdir(), name), { force: true });
}

function socketPrefix(folder: string): string {
  return `kombu-${folderHash(folder)}-`;
}

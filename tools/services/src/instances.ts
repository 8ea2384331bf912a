import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { removeSockets, servicesFolder } from './parts/folder.ts';
import { withLock } from './parts/lock.ts';
import { releasePorts, reservePorts } from './parts/ports.ts';
import type { Server } from './server.ts';
import type { Instance, Service } from './service.ts';
import { addUser, type User } from './users.ts';

const file = 'instance.json';

/** The instance of a service that lives in a folder; undefined when there is none. */
export function openInstance<S extends Server>(service: Service<S>, folder: string): S | undefined {
  const instance = readInstance(folder);
  return instance === undefined ? undefined : open(service, instance);
}

function readInstance(folder: string): Instance | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, file), 'utf8')) as Instance;
  } catch (error) {
    // No instance, for example because another process removed it in this moment; or no folder but a lock.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** All instances on disk, shared and private. */
export function storedInstances(): readonly Instance[] {
  const root = servicesFolder();
  if (!existsSync(root)) return [];
  return readdirSync(root).flatMap((name) => readInstance(join(root, name)) ?? []);
}

/**
 * Sets an instance up from nothing and starts it. When that fails, nothing of it runs, and the folder with the logs stays.
 */
export async function createInstance<S extends Server>(
  service: Service<S>,
  folder: string,
  user: User,
  config: Readonly<Record<string, string>> = {},
): Promise<S> {
  const program = await service.provide();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  mkdirSync(folder, { recursive: true });
  const ports = await reservePorts(dirname(folder), basename(folder), service.ports);
  const place = { folder, ports, program, config };
  const instance = { service: service.name, ...place, ...(await service.plan(place)) };
  // First the user: whoever finds an instance without one may end it.
  addUser(folder, user);
  // Moved into place, so that nobody reads one that is half written.
  writeFileSync(join(folder, 'new.json'), JSON.stringify(instance, undefined, 2));
  renameSync(join(folder, 'new.json'), join(folder, file));
  const server = open(service, instance);
  try {
    await server.startNow();
    return server;
  } catch (error) {
    await server.kill();
    throw error;
  }
}

/** Ends an instance for good: nobody needs its data, so it is not asked to save them. */
export async function endInstance(server: Server): Promise<void> {
  await server.kill();
  removeInstance(server.instance.folder);
}

/** Removes all traces of an instance that does not run. */
export function removeInstance(folder: string): void {
  removeSockets(folder);
  // Again when something appears in it: the last process may still be on its way out.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  releasePorts(dirname(folder), basename(folder));
}

/** Runs one at a time among all processes that use the instance in this folder. */
export function exclusively<T>(folder: string, work: () => Promise<T>): Promise<T> {
  return withLock(`${folder}.lock`, work);
}

function open<S extends Server>(service: Service<S>, instance: Instance): S {
  const { url, variants, description, folder } = instance;
  const shared = basename(folder) === service.name;
  const server = service.open({
    service,
    url,
    variants,
    description,
    instance,
    exclusive: (work) => exclusively(folder, work),
    close: async () => {
      if (shared) return;
      await endInstance(server);
    },
  });
  return server;
}

import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { servicesFolder } from './parts/folder.ts';
import { givenServer } from './given.ts';
import {
  createInstance,
  endInstance,
  exclusively,
  openInstance,
  removeInstance,
  storedInstances,
} from './instances.ts';
import { serviceNamed, type ServerOf, type ServiceName } from './registry.ts';
import type { Server } from './server.ts';
import type { Service } from './service.ts';
import { addUser, currentUser, isUsed, removeUser, type User } from './users.ts';

/**
 * The shared server of this name, which is started when it does not run, and installed when the machine does not have it.
 * The server that the environment names goes first. Resolves when it answers.
 *
 * @throws ServiceUnavailableError when it cannot be had, with the reason and what to do.
 */
export async function service<N extends ServiceName>(name: N): Promise<ServerOf<N>> {
  return await up(serviceNamed(name), currentUser());
}

/**
 * A server of its own for the caller, with ports and a folder that nobody shares: to be stopped, paused and killed. `config`
 * are settings in the server's own words. The environment has no say in it. `close()` stops it and removes its folder.
 */
export async function privateService<N extends ServiceName>(
  name: N,
  config: Readonly<Record<string, string>> = {},
): Promise<ServerOf<N>> {
  const folder = join(servicesFolder(), `${name}-${randomBytes(3).toString('hex')}`);
  try {
    return await createInstance<ServerOf<N>>(serviceNamed(name), folder, currentUser(), config);
  } catch (error) {
    removeInstance(folder);
    throw error;
  }
}

/** See {@link service}; used by `user`. */
export async function up<S extends Server>(kind: Service<S>, user: User): Promise<S> {
  const given = givenServer(kind);
  if (given !== undefined) return given;
  const folder = join(servicesFolder(), kind.name);
  return await exclusively(folder, async () => {
    const known = openInstance(kind, folder);
    if (known?.running === true) {
      addUser(folder, user);
      await known.startNow();
      return known;
    }
    // What is left of an instance that broke down is of no use.
    await known?.kill();
    const server = await createInstance(kind, folder, user);
    process.stderr.write(`services: ${kind.name}: started ${server.description}\n`);
    return server;
  });
}

/** Stops the shared server of this name, whoever uses it. Returns whether it ran. */
export async function down(kind: Service): Promise<boolean> {
  if (givenServer(kind) !== undefined) return false;
  const folder = join(servicesFolder(), kind.name);
  return await exclusively(folder, () => end(openInstance(kind, folder)));
}

/**
 * This process, or the test run that it belongs to, needs no server any more: stops those that nobody needs now. Returns
 * the names of what it stopped.
 */
export async function releaseServices(): Promise<readonly string[]> {
  for (const { folder } of storedInstances()) removeUser(folder, currentUser());
  return await stopUnused();
}

/** Stops servers that nobody needs; so are those whose users all died. Returns the names of what it stopped. */
export async function stopUnused(): Promise<readonly string[]> {
  const stopped: string[] = [];
  for (const { folder, service: name } of storedInstances()) {
    await exclusively(folder, async () => {
      if (isUsed(folder)) return;
      if (await end(openInstance(serviceNamed(name), folder))) stopped.push(basename(folder));
    });
  }
  return stopped;
}

async function end(server: Server | undefined): Promise<boolean> {
  if (server === undefined) return false;
  const ran = Object.keys(server.pids).length > 0;
  await endInstance(server);
  return ran;
}

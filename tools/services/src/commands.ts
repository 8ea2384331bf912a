import { join } from 'node:path';
import { errorMessage } from './parts/errors.ts';
import { servicesFolder } from './parts/folder.ts';
import { givenServer } from './given.ts';
import { openInstance } from './instances.ts';
import { serviceNamed, serviceNames } from './registry.ts';
import type { Server } from './server.ts';
import type { Service } from './service.ts';
import { down, stopUnused, up } from './up.ts';

export const usage: string = `npm run services -- up|down|status [<name>…]
npm run services -- url <name>[:<variant>]

names: ${serviceNames.join(' ')}; up needs one at least, the others take all
variants: ${serviceNames.flatMap((name) => serviceNamed(name).variants.map((variant) => `${name}:${variant}`)).join(' ')}`;

/** What the command line offers. */
export const commands: Readonly<Record<string, (names: readonly string[]) => Promise<void>>> = {
  up: upAll,
  down: downAll,
  status,
  url,
};

async function upAll(names: readonly string[]): Promise<void> {
  if (names.length === 0) throw new RangeError(usage);
  const results = await Promise.allSettled(names.map(serviceNamed).map((kind) => up(kind, 'person')));
  for (const [at, result] of results.entries()) {
    if (result.status === 'fulfilled') console.error(line(result.value));
    else console.error(`${names[at]}: ${errorMessage(result.reason)}`);
  }
  if (results.some(({ status: outcome }) => outcome === 'rejected')) process.exitCode = 1;
}

async function downAll(names: readonly string[]): Promise<void> {
  await Promise.all(
    select(names).map(async (kind) => {
      if (await down(kind)) console.error(`${kind.name}: stopped`);
    }),
  );
  // Private servers whose tests died.
  await stopUnused();
}

async function status(names: readonly string[]): Promise<void> {
  for (const kind of select(names)) {
    const server = givenServer(kind) ?? openInstance(kind, join(servicesFolder(), kind.name));
    console.log(server === undefined ? `${kind.name}: down` : line(server));
  }
}

async function url(names: readonly string[]): Promise<void> {
  const [name = '', variant] = (names.length === 1 ? names[0] : '')?.split(':') ?? [];
  if (name === '') throw new RangeError(usage);
  const server = await up(serviceNamed(name), 'person');
  const found = variant === undefined ? server.url : server.variants[variant];
  if (found === undefined) throw new RangeError(`${name} has no URL for ${variant}. ${usage}`);
  console.log(found);
}

function select(names: readonly string[]): readonly Service[] {
  return (names.length === 0 ? serviceNames : names).map((name) => serviceNamed(name));
}

function line(server: Server): string {
  // The URL that somebody else gave may hold a password.
  if (!server.owned) return `${server.name}: ${server.description}`;
  return `${server.name}: ${server.running ? 'up' : 'broken'} at ${server.url} - ${server.description}`;
}

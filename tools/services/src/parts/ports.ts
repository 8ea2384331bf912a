import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { folderHash } from './folder.ts';

// Below the range that systems take for outgoing connections, so that a port stays free while its server restarts.
// A cluster node of Redis takes its port + 10,000 too: that is still below.
const first = 12_000;
const count = 10_000;

/** Does nobody listen on this port of the loopback interface? */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Does somebody accept connections at this port of the loopback interface? */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * Ports of an instance, by their names; the same as the last time as long as they are free. They are reserved by one file
 * each, `<folder>/ports/<port>`, so that two instances never choose the same one. The search starts at a place that
 * differs between folders.
 */
export async function reservePorts<N extends string>(
  folder: string,
  instance: string,
  names: readonly N[],
): Promise<Readonly<Record<N, number>>> {
  const reserved = reservations(folder, instance);
  const ports: Partial<Record<N, number>> = {};
  for (const name of names) ports[name] = await portFor(folder, `${instance} ${name}`, reserved);
  return ports as Record<N, number>;
}

/** Gives back all ports of an instance. */
export function releasePorts(folder: string, instance: string): void {
  for (const port of reservations(folder, instance).values())
    rmSync(join(folder, 'ports', String(port)), { force: true });
}

function reservations(folder: string, instance: string): Map<string, number> {
  const ports = join(folder, 'ports');
  mkdirSync(ports, { recursive: true });
  const all = readdirSync(ports).map((port) => [ownerOf(join(ports, port)), Number(port)] as const);
  return new Map(all.filter(([owner]) => owner.startsWith(`${instance} `)));
}

function ownerOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Given back in this moment.
    return '';
  }
}

async function portFor(folder: string, owner: string, reserved: ReadonlyMap<string, number>): Promise<number> {
  const known = reserved.get(owner);
  if (known !== undefined) {
    if (await bothFree(known)) return known;
    rmSync(join(folder, 'ports', String(known)), { force: true });
  }
  const start = Number.parseInt(folderHash(`${folder} ${owner}`), 16);
  for (let step = 0; step < count; step += 1) {
    const port = first + ((start + step) % count);
    if (reserve(join(folder, 'ports', String(port)), owner)) {
      if (await bothFree(port)) return port;
      rmSync(join(folder, 'ports', String(port)), { force: true });
    }
  }
  throw new Error(`No port between ${first} and ${first + count} is free`);
}

async function bothFree(port: number): Promise<boolean> {
  return (await isFree(port)) && (await isFree(port + 10_000));
}

function reserve(file: string, owner: string): boolean {
  try {
    writeFileSync(file, owner, { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

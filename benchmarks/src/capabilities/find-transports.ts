import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Transport } from '@kombu/core';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Where transports live. */
const places: readonly { readonly folder: string; readonly is: (name: string) => boolean }[] = [
  { folder: 'packages', is: (name) => name === 'testing' || name.startsWith('transport-') },
  { folder: 'examples', is: (name) => name.endsWith('-transport') },
];

/** A package of this repository, and the transport in it or why there is none. */
export interface Found {
  readonly packageName: string;
  readonly transport: Transport | undefined;
  readonly problem: string | undefined;
}

interface Manifest {
  readonly name: string;
  readonly exports?: { readonly '.'?: { readonly default?: string } };
}

/** Imports the transports of this repository: what each package exports as `transport`. */
export async function findTransports(): Promise<readonly Found[]> {
  const folders = places.flatMap(({ folder, is }) => {
    const path = join(root, folder);
    return existsSync(path)
      ? readdirSync(path)
          .filter(is)
          .map((name) => join(path, name))
      : [];
  });
  return Promise.all(folders.filter((folder) => existsSync(join(folder, 'package.json'))).map(load));
}

async function load(folder: string): Promise<Found> {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const found = (transport: Transport | undefined, problem?: string): Found => ({
    packageName: manifest.name,
    transport,
    problem,
  });
  const entry = manifest.exports?.['.']?.default;
  if (entry === undefined) return found(undefined, 'its package.json exports no module');
  try {
    const { transport } = (await import(pathToFileURL(join(folder, entry)).href)) as { transport?: Transport };
    return transport ? found(transport) : found(undefined, 'it exports no `transport`');
  } catch (error) {
    return found(undefined, (error as Error).message);
  }
}

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, QueueStore } from '@kombu/core/spi';
import { systemClock } from '@kombu/core/spi';
import type { FilesystemOptions } from '../../src/options.ts';
import * as filesystem from '../../src/store.ts';

// In memory where there is such a folder: on the disk of a busy machine every file costs a millisecond.
const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kombu-filesystem-'));

afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Options with new folders, one for both directions, which go with the test file. */
export function temporaryFolders(options: Partial<FilesystemOptions> = {}): FilesystemOptions {
  const folder = mkdtempSync(join(base, 'broker-'));
  const data = join(folder, 'data');
  return {
    dataFolderIn: data,
    dataFolderOut: data,
    controlFolder: join(folder, 'control'),
    leaseMs: 30_000,
    ...options,
  };
}

/** With the optional members that it has. */
export type Store = QueueStore<string> & Required<Pick<QueueStore<string>, 'bindings' | 'release' | 'renew'>>;

export async function openStore(options: FilesystemOptions, clock: Clock = systemClock): Promise<Store> {
  return (await filesystem.openStore(options, clock)) as Store;
}

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@kombu/core/spi';
import { systemClock } from '@kombu/core/spi';
import type { FilesystemOptions } from '../src/options.ts';
import { FilesystemStore } from '../src/store.ts';

// In memory where that is possible: on the disk of a busy machine every file costs a millisecond.
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Options with folders of their own, one for both directions, which go with the test file. */
export function temporaryFolders(): FilesystemOptions {
  const folder = mkdtempSync(join(base, 'kombu-filesystem-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    dataFolderIn: join(folder, 'data'),
    dataFolderOut: join(folder, 'data'),
    storeProcessed: false,
    processedFolder: join(folder, 'processed'),
    controlFolder: join(folder, 'control'),
    leaseMs: 30_000,
    pollingInterval: 250,
  };
}

export async function openStore(options: FilesystemOptions, clock: Clock = systemClock): Promise<FilesystemStore> {
  const store = new FilesystemStore(options, clock, console);
  await store.open();
  return store;
}

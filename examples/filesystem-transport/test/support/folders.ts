import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Logger } from '@kombu/core/spi';
import { systemClock } from '@kombu/core/spi';
import type { FilesystemOptions } from '../../src/options.ts';
import { FilesystemStore } from '../../src/store.ts';

// In memory where there is such a folder: on the disk of a busy machine every file costs a millisecond.
const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kombu-filesystem-'));

afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Options with new folders, one for both directions, which go with the test file. */
export function temporaryFolders(options: Partial<FilesystemOptions> = {}): FilesystemOptions {
  const folder = mkdtempSync(join(base, 'broker-'));
  return {
    dataFolderIn: join(folder, 'data'),
    dataFolderOut: join(folder, 'data'),
    storeProcessed: false,
    processedFolder: join(folder, 'processed'),
    controlFolder: join(folder, 'control'),
    leaseMs: 30_000,
    pollingInterval: 250,
    ...options,
  };
}

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export async function openStore(
  options: FilesystemOptions,
  clock: Clock = systemClock,
  logger: Logger = silent,
): Promise<FilesystemStore> {
  const store = new FilesystemStore(options, clock, logger);
  await store.open();
  return store;
}

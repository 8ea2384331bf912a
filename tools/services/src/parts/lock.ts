import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync, linkSync } from 'node:fs';
import { dirname } from 'node:path';
import { randomUUID } from 'node:crypto';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { waitFor } from './wait-for.ts';

/** Long, for whoever has it may be installing packages. */
const patience = 600_000;

/** Runs one at a time, among all processes that name this file. A lock of a process that died is taken over. */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const release = await waitFor(`the lock ${file}`, () => tryLock(file), patience);
  try {
    return await work();
  } finally {
    release();
  }
}

function tryLock(file: string): (() => void) | undefined {
  // Linked into place, so that nobody ever reads a lock that is half written.
  const mine = `${file}.${randomUUID()}`;
  writeFileSync(mine, JSON.stringify(identify(process.pid)));
  try {
    linkSync(mine, file);
    return () => rmSync(file, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!isHeld(file)) dropStale(file, mine);
    return undefined;
  } finally {
    rmSync(mine, { force: true });
  }
}

function isHeld(file: string): boolean {
  try {
    return isAlive(JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity);
  } catch {
    // Released in this moment.
    return true;
  }
}

/** Moved away first: of several processes that saw the stale lock, a slow one may have caught a fresh one, and gives it back. */
function dropStale(file: string, mine: string): void {
  const caught = `${mine}.stale`;
  try {
    renameSync(file, caught);
    if (isHeld(caught)) linkSync(caught, file);
  } catch {
    // Another process was faster.
  } finally {
    rmSync(caught, { force: true });
  }
}

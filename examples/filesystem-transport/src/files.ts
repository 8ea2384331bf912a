import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Clock } from '@kombu/core/spi';

/** Such as `ENOENT`, of an error of the operating system. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** False when the operation fails with this code; rejects for any other. */
export async function unless(code: string, operation: Promise<unknown>): Promise<boolean> {
  try {
    await operation;
    return true;
  } catch (error) {
    if (codeOf(error) === code) return false;
    throw error;
  }
}

/** Undefined when there is no such file. */
export async function readText(file: string): Promise<string | undefined> {
  const reading = readFile(file, 'utf8');
  return (await unless('ENOENT', reading)) ? reading : undefined;
}

/** Nobody sees half of the file: it is written as a draft first. */
export async function writeWhole(file: string, draft: string, text: string): Promise<void> {
  try {
    await writeFile(draft, text);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms));
}

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConformanceReport } from './run.ts';

/** Where reports go, for a capability matrix made of them later. Nowhere unless the environment says so. */
export function reportsFolder(): string | undefined {
  return process.env['KOMBU_CONFORMANCE_REPORTS'] || undefined;
}

/** Keeps a report as a file of its name, in place of an older one. */
export function writeConformanceReport(folder: string, { name, results }: ConformanceReport): void {
  mkdirSync(folder, { recursive: true });
  const plain = results.map((result) => ({
    ...result,
    ...(result.error === undefined ? {} : { error: textOf(result.error) }),
  }));
  writeFileSync(join(folder, `${encodeURIComponent(name)}.json`), JSON.stringify({ name, results: plain }));
}

/** All reports of the folder, by name; none when it does not exist. */
export function readConformanceReports(folder: string): readonly ConformanceReport[] {
  const files = entriesOf(folder).filter((file) => file.endsWith('.json'));
  return files.toSorted().map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as ConformanceReport);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

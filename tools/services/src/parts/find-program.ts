import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where servers lie that are not on the PATH of everybody. */
const usual = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/sbin', '/opt/homebrew/bin'];

/** The path of a program; `first` are folders that go before those of PATH. */
export function findProgram(name: string, first: readonly string[] = []): string | undefined {
  const folders = [...first, ...(process.env['PATH'] ?? '').split(delimiter), ...usual];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

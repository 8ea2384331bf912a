import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder for the tests of a file, removed after them. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kombu-services-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Lets the servers of a file have a place of their own, away from those of the repository. */
export function ownServicesFolder(): string {
  const folder = temporaryFolder();
  const before = process.env['KOMBU_SERVICES_DIR'];
  process.env['KOMBU_SERVICES_DIR'] = folder;
  afterAll(() => {
    if (before === undefined) delete process.env['KOMBU_SERVICES_DIR'];
    else process.env['KOMBU_SERVICES_DIR'] = before;
  });
  return folder;
}

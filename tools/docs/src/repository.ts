import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The repository's root. */
export const root: string = resolve(import.meta.dirname, '../../..');

/** The folders under `packages`, by name. */
export function packageFolders(): readonly string[] {
  return readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')));
}

/** The documents whose code is compiled and run, as paths from the root. */
export function documents(): readonly string[] {
  const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  const readmes = packageFolders().map((name) => `packages/${name}/README.md`);
  return ['README.md', 'CONTRIBUTING.md', ...guides.map((name) => `docs/${name}`), ...readmes].filter((path) =>
    existsSync(join(root, path)),
  );
}

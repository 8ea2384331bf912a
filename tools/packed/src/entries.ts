import type { Application } from './application.ts';
import { command } from './command.ts';
import type { Tarball } from './tarball.ts';

/** The specifiers under which a package can be imported. */
export function entriesOf({ manifest }: Tarball): readonly string[] {
  const keys = Object.keys(manifest.exports ?? {}).filter((key) => key !== './package.json');
  return keys.map((key) => `${manifest.name}${key.slice(1)}`);
}

/** Loads an entry with `import` and with `require`: both give the same instance. Empty when all is well. */
export async function loadProblem(application: Application, entry: string): Promise<string> {
  application.write('load.mjs', loader(entry));
  const { ok, output } = await command('node', ['load.mjs'], application.folder);
  // Nothing may be printed either: the supported releases of Node require ES modules without a warning.
  return ok || output !== '' ? output : 'It ended without a word';
}

function loader(entry: string): string {
  return `
    import { strictEqual } from 'node:assert';
    import { createRequire } from 'node:module';
    const required = createRequire(import.meta.url)('${entry}');
    const imported = await import('${entry}');
    strictEqual(required, imported, 'import and require give two instances');
  `;
}

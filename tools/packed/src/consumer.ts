import { join } from 'node:path';
import type { Application } from './application.ts';
import { command } from './command.ts';
import { root } from './packages.ts';

/** The settings under which applications compile, that must work. */
export interface Setting {
  readonly name: string;
  readonly extension: '.mts' | '.cts' | '.ts';
  readonly module: string;
  readonly moduleResolution?: string;
}

export const settings: readonly Setting[] = [
  { name: 'ES module, nodenext', extension: '.mts', module: 'nodenext' },
  { name: 'CommonJS, nodenext', extension: '.cts', module: 'nodenext' },
  { name: 'CommonJS, node20', extension: '.cts', module: 'node20' },
  { name: 'bundler', extension: '.ts', module: 'esnext', moduleResolution: 'bundler' },
];

/** Our declaration files are checked too, hence no `skipLibCheck`. */
const strict = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
};

/**
 * Compiles the consumer program, and an import of each entry, under one setting. Empty when it compiles.
 * The output lies in a folder `out` of the application.
 */
export async function compileProblem(
  application: Application,
  setting: Setting,
  entries: readonly string[],
): Promise<string> {
  const { extension, module, moduleResolution } = setting;
  const files = [`consumer${extension}`, `entries${extension}`];
  application.copy(join(root, 'tools/packed/fixture/consumer.ts'), `consumer${extension}`);
  application.write(`entries${extension}`, importAll(entries));
  const resolution = moduleResolution === undefined ? {} : { moduleResolution };
  const compilerOptions = { ...strict, module, ...resolution, rootDir: '.', outDir: 'out' };
  application.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
  const { ok, output } = await command('tsc', ['-p', '.', '--pretty', 'false'], application.folder);
  return ok ? '' : output;
}

/** Runs what was compiled. Empty when it ends well. */
export async function runProblem(application: Application, setting: Setting): Promise<string> {
  const program = join('out', `consumer${setting.extension.replace('ts', 'js')}`);
  const { ok, output } = await command('node', [program], application.folder);
  if (ok && output === 'consumed: hello') return '';
  return output === '' ? 'It printed nothing' : output;
}

function importAll(entries: readonly string[]): string {
  const imports = entries.map((entry, index) => `import * as entry${index} from '${entry}';`);
  return `${imports.join('\n')}\nexport const all: readonly object[] = [${entries.map((_, index) => `entry${index}`).join()}];\n`;
}

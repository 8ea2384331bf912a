import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidArgumentError } from '../errors.ts';

/** The few fields that are read of a package.json. */
interface Manifest {
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * Imports a package as the application itself would: looked up from the working directory, then from the folder of the
 * main module. Not from this file: a package manager may keep libraries apart from each other, and only the application
 * knows which transports it installed.
 *
 * @returns the module's namespace; undefined when the package is not installed.
 */
export async function importFromApplication(packageName: string): Promise<unknown> {
  for (const root of roots()) {
    const entry = entryOf(packageName, root);
    if (entry !== undefined) return import(pathToFileURL(entry).href);
  }
  return undefined;
}

/** The names of all packages that the application's package.json asks for, and those of the folders above it. */
export function applicationDependencies(): readonly string[] {
  const manifests = roots().flatMap((root) => ancestors(root).map((folder) => readManifest(folder)));
  const names = manifests.flatMap((manifest) =>
    Object.keys({ ...manifest?.dependencies, ...manifest?.optionalDependencies, ...manifest?.devDependencies }),
  );
  return [...new Set(names)];
}

function roots(): readonly string[] {
  const main = process.argv[1];
  return main === undefined ? [process.cwd()] : [process.cwd(), dirname(realPath(main))];
}

/** A program of `bin` is started through a link; its packages lie beside the program. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function ancestors(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

/** Undefined when there is none, or none that may be read. */
function readManifest(folder: string): Manifest | undefined {
  const path = join(folder, 'package.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as Manifest;
  } catch (cause) {
    throw new InvalidArgumentError(`${path} is not JSON`, { cause });
  }
}

/** `require.resolve` refuses packages that only `import` may enter, so `exports` is read here. */
function entryOf(packageName: string, root: string): string | undefined {
  const require = createRequire(join(root, 'application.js'));
  for (const folder of require.resolve.paths(packageName) ?? []) {
    const home = join(folder, packageName);
    const manifest = readManifest(home);
    if (manifest?.exports === undefined) continue;
    const target = targetOf(manifest.exports);
    if (target === undefined)
      throw new InvalidArgumentError(`${join(home, 'package.json')} has no "." that can be imported`);
    return join(home, target);
  }
  try {
    // Packages without `exports`, and package managers without a node_modules folder.
    return require.resolve(packageName);
  } catch (error) {
    if (isMissing(error, packageName)) return undefined;
    throw error;
  }
}

const conditions: ReadonlySet<string> = new Set(['import', 'node', 'default']);

/** The file of the entry `.` by Node's rules for `exports`: the first condition that holds. */
function targetOf(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  if (Array.isArray(exports)) return exports.map(targetOf).find((target) => target !== undefined);
  for (const [key, value] of Object.entries(exports)) {
    const target = key === '.' || conditions.has(key) ? targetOf(value) : undefined;
    if (target !== undefined) return target;
  }
  return undefined;
}

/** Does the error say that this very package is absent, and not something that it needs? */
export function isMissing(error: unknown, packageName: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const absent = error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND';
  return absent && error.message.includes(`'${packageName}'`);
}

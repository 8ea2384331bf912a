import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, ServiceUnavailableError } from './errors.ts';
import { servicesFolder } from './folder.ts';
import { withLock } from './lock.ts';
import { run } from './run.ts';

/** A server that comes as an npm package too large to be a dependency of the repository. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** The script to run, within the package. */
  readonly script: string;
  /** The variable that would name a server instead. */
  readonly variable: string;
}

/** The path of the script. The package is installed into the folder of the services on first use; says so on stderr. */
export async function provideNpmPackage(wanted: NpmPackage): Promise<string> {
  const { name, version, script } = wanted;
  const folder = join(servicesFolder(), 'npm', `${name}-${version}`);
  const path = join(folder, 'node_modules', name, script);
  if (!existsSync(path)) await withLock(`${folder}.lock`, () => install(wanted, folder));
  return path;
}

/** Made beside and moved into place, so that a package is there whole or not at all. */
async function install({ name, version, variable }: NpmPackage, folder: string): Promise<void> {
  if (existsSync(folder)) return;
  process.stderr.write(`services: installing ${name} ${version} from npm\n`);
  const half = `${folder}.new`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  const options = ['--prefix', half, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', ['install', ...options, `${name}@${version}`], { deadline: 480_000 }).catch((error: unknown) => {
    throw new ServiceUnavailableError(
      `${name} ${version} cannot be installed from npm: ${errorMessage(error)}. Set ${variable} to the URL of a server that runs`,
      { cause: error },
    );
  });
  renameSync(half, folder);
}

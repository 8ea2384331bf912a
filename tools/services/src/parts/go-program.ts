import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, ServiceUnavailableError } from './errors.ts';
import { findProgram } from './find-program.ts';
import { servicesFolder } from './folder.ts';
import { withLock } from './lock.ts';
import { run } from './run.ts';

/** What is built with Go. */
export interface GoProgram {
  readonly name: string;
  /** The folder of its module. */
  readonly source: string;
  /** The variable that would name a server instead. */
  readonly variable: string;
}

/** Compiling a database from nothing takes minutes on a small machine. */
const deadline = 900_000;

/**
 * The path of a program of this repository, built into the services folder if it is not there yet. Says so on stderr. A change
 * of its sources makes another one.
 */
export async function provideGo(program: GoProgram): Promise<string> {
  const { name, source } = program;
  const folder = join(servicesFolder(), 'programs');
  const path = join(folder, `${name}-${hashOf(source)}`);
  if (existsSync(path)) return path;
  return await withLock(join(servicesFolder(), `${name}.lock`), async () => {
    if (!existsSync(path)) await build(program, folder, path);
    return path;
  });
}

async function build({ name, source, variable }: GoProgram, folder: string, path: string): Promise<void> {
  const go = findProgram('go', ['/usr/local/go/bin']);
  const instead = `or set ${variable} to the URL of a server that runs`;
  if (go === undefined)
    throw new ServiceUnavailableError(`No Go on this machine to build ${name} with. Install it, ${instead}`);
  process.stderr.write(`services: building ${name} with go, which takes some minutes once\n`);
  mkdirSync(folder, { recursive: true });
  await run(go, ['-C', source, 'build', '-trimpath', '-o', `${path}.new`, '.'], { deadline }).catch(
    (error: unknown) => {
      throw new ServiceUnavailableError(`${name} cannot be built: ${errorMessage(error)}. Mend that, ${instead}`, {
        cause: error,
      });
    },
  );
  renameSync(`${path}.new`, path);
}

function hashOf(source: string): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(source).toSorted()) hash.update(file).update(readFileSync(join(source, file)));
  return hash.digest('hex').slice(0, 12);
}

import { join } from 'node:path';
import { installDebian, whyNoDebian } from './debian.ts';
import { errorMessage, ServiceUnavailableError } from './errors.ts';
import { findProgram } from './find-program.ts';
import { servicesFolder } from './folder.ts';
import { withLock } from './lock.ts';

/** What a server needs from the machine. */
export interface Needs {
  /** The program, as found on the machine. */
  readonly program: string;
  /** Folders that go before those of PATH. */
  readonly folders?: readonly string[];
  /** The Debian packages it is in, and the systemd units that come with them. */
  readonly debian: readonly string[];
  readonly units: readonly string[];
  /** The Homebrew formula. */
  readonly brew: string;
  /** The variable that would name a server instead. */
  readonly variable: string;
}

/** The path of a program: the one on the machine, else from its Debian package, which is installed. Says so on stderr. */
export async function provide(needs: Needs): Promise<string> {
  const found = findProgram(needs.program, needs.folders);
  if (found !== undefined) return found;
  return await withLock(join(servicesFolder(), 'install.lock'), () => install(needs));
}

async function install(needs: Needs): Promise<string> {
  const { program, folders, debian, units } = needs;
  const found = findProgram(program, folders);
  // Another process installed it while this one waited for the lock.
  if (found !== undefined) return found;
  const reason = await whyNoDebian();
  if (reason !== undefined) throw unavailable(needs, reason);
  process.stderr.write(`services: installing ${debian.join(', ')} with apt-get\n`);
  await installDebian(debian, units).catch((error: unknown) => {
    throw unavailable(needs, errorMessage(error), error);
  });
  const installed = findProgram(program, folders);
  if (installed === undefined) throw unavailable(needs, `${debian.join(', ')} got installed, but has no such program`);
  return installed;
}

function unavailable({ program, brew, debian, variable }: Needs, reason: string, cause?: unknown): Error {
  return new ServiceUnavailableError(
    `No ${program} on this machine, and ${reason}. Install it (apt-get install ${debian.join(' ')}; brew install ${brew}), or set ${variable} to the URL of a server that runs`,
    { cause },
  );
}

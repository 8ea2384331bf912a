import { errorMessage } from './errors.ts';
import { findProgram } from './find-program.ts';
import { run } from './run.ts';

const deadline = 480_000;

/** Why this machine cannot install Debian packages; undefined when it can. */
export async function whyNoDebian(): Promise<string | undefined> {
  if (findProgram('apt-get') === undefined) return 'this machine has no apt-get';
  if (process.getuid?.() === 0) return undefined;
  if (findProgram('sudo') === undefined) return 'installing packages needs root, and there is no sudo';
  return run('sudo', ['-n', 'true']).then(
    () => undefined,
    () => 'installing packages needs root, and sudo asks for a password',
  );
}

/**
 * Installs Debian packages without the servers in them being started: not now, see {@link installScript}, nor at the next
 * boot, for `units` are disabled.
 */
export async function installDebian(packages: readonly string[], units: readonly string[]): Promise<void> {
  const script = installScript(packages, units);
  const [command, args] = process.getuid?.() === 0 ? ['sh', []] : ['sudo', ['-n', 'sh']];
  await run(command, [...args, '-c', script], { deadline }).catch((error: unknown) => {
    const reasons = errorMessage(error).match(/^E: .*$/gm) ?? ['see the cause'];
    throw new Error(`apt-get install ${packages.join(' ')} failed: ${reasons.join(' ')}`, { cause: error });
  });
}

/**
 * For the time of the install, a policy-rc.d tells the packages to start nothing, unless the machine has one of its own. One
 * that is left from an install that was killed is known by its comment.
 */
export function installScript(
  packages: readonly string[],
  units: readonly string[],
  guard = '/usr/sbin/policy-rc.d',
): string {
  return `
set -eu
guard=${guard}
mine='# Placed by the tests of kombu while they install a package.'
if [ -e "$guard" ] && grep -qF "$mine" "$guard"; then rm -f "$guard"; fi
if [ ! -e "$guard" ]; then
  trap 'rm -f "$guard"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\\n%s\\nexit 101\\n' "$mine" >"$guard"
  chmod 755 "$guard"
fi
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; }
# The lists of packages may be missing or too old.
install ${packages.join(' ')} || { apt-get update; install ${packages.join(' ')}; }
${units.length > 0 ? `if command -v systemctl >/dev/null; then systemctl disable --quiet ${units.join(' ')} || true; fi` : ''}
`;
}

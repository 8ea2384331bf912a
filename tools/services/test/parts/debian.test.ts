import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installScript } from '../../src/parts/debian.ts';
import { run } from '../../src/parts/run.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder();
const guard = join(folder, 'policy-rc.d');
const log = join(folder, 'log');

/** Runs the install with programs that only write down how they are called, and whether the guard was there then. */
async function install(aptGet: string): Promise<readonly string[]> {
  const programs = join(folder, 'bin');
  mkdirSync(programs, { recursive: true });
  writeFileSync(log, '');
  for (const [name, script] of Object.entries({ 'apt-get': aptGet, systemctl: '' })) {
    const note = `echo "${name} $* $(cat ${guard} 2>/dev/null | tail -1)" >>${log}`;
    writeFileSync(join(programs, name), `#!/bin/sh\n${note}\n${script}\n`);
    chmodSync(join(programs, name), 0o755);
  }
  const script = installScript(['some-server'], ['some.service'], guard);
  await run('sh', ['-c', script], { env: { PATH: `${programs}:${process.env['PATH']}` } });
  return readFileSync(log, 'utf8').trim().split('\n');
}

const aptInstall = 'apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 some-server';

describe('installScript', () => {
  it('forbids to start anything for the time of the install, and disables the units', async () => {
    const calls = await install('exit 0');
    expect(calls[0]).toBe(`${aptInstall} exit 101`);
    expect(calls[1]).toMatch(/^systemctl disable --quiet some\.service/);
    expect(existsSync(guard)).toBe(false);
  });

  it('updates the lists of packages when the install fails, and tries again', async () => {
    const calls = await install(`[ "$1" = update ] && touch ${folder}/updated; [ -e ${folder}/updated ]`);
    expect(calls.slice(0, 3)).toEqual([`${aptInstall} exit 101`, 'apt-get update exit 101', `${aptInstall} exit 101`]);
  });

  it('leaves no guard behind when the install fails', async () => {
    await expect(install('echo "Unable to locate package"; exit 100')).rejects.toThrow('Unable to locate package');
    expect(existsSync(guard)).toBe(false);
  });

  it('keeps the guard of the machine, and removes its own from an install that was killed', async () => {
    writeFileSync(guard, '#!/bin/sh\nexit 104');
    expect((await install('exit 0'))[0]).toBe(`${aptInstall} exit 104`);
    expect(readFileSync(guard, 'utf8')).toContain('104');
    writeFileSync(guard, '#!/bin/sh\n# Placed by the tests of kombu while they install a package.\nexit 101\n');
    await install('exit 0');
    expect(existsSync(guard)).toBe(false);
  });
});

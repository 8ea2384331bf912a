import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManagedProcess } from '../../src/parts/managed-process.ts';
import { identify, isAlive } from '../../src/parts/process-identity.ts';
import { waitFor } from '../../src/parts/wait-for.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder();
const started: ManagedProcess[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((process) => process.kill()));
});

async function start(name: string, script: string, patience?: number): Promise<ManagedProcess> {
  const args = ['--eval', script];
  const spec = { name, command: process.execPath, args, ...(patience === undefined ? {} : { patience }) };
  const managed = new ManagedProcess(folder, spec);
  started.push(managed);
  await managed.start();
  return managed;
}

const forever = 'setInterval(() => {}, 1000); console.log("here");';

describe('ManagedProcess', () => {
  it('is found again by its folder, and started once only', async () => {
    const first = await start('again', forever);
    const second = await start('again', forever);
    expect(first.running).toBe(true);
    expect(second.pid).toBe(first.pid);
  });

  it('ends when it is stopped, or killed when it does not listen', async () => {
    const polite = await start('polite', forever);
    await polite.stop();
    expect(polite.running).toBe(false);
    const deaf = await start('deaf', `process.on('SIGTERM', () => {}); ${forever}`, 100);
    await waitFor('it to listen', () => deaf.tail().includes('here'));
    await deaf.stop();
    expect(deaf.pid).toBeUndefined();
  });

  it('takes its children with it', async () => {
    const script = `console.log(require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']).pid)`;
    const parent = await start('parent', script);
    const pid = Number(await waitFor('the child', () => parent.tail() || undefined));
    const child = identify(pid);
    await parent.kill();
    await waitFor('the child to end', () => child !== undefined && !isAlive(child));
  });

  it('stops while it is paused', async () => {
    const paused = await start('paused', forever);
    paused.pause();
    await paused.stop();
    expect(paused.running).toBe(false);
  });

  it('never signals another process that got its number', async () => {
    const other = spawn(process.execPath, ['--eval', forever], { detached: true });
    const ended = once(other, 'exit');
    const file = join(folder, 'mistaken.pid');
    writeFileSync(file, JSON.stringify({ pid: other.pid, started: 'at another time' }));
    const mistaken = new ManagedProcess(folder, { name: 'mistaken', command: 'false', args: [] });
    expect(mistaken.running).toBe(false);
    await mistaken.kill();
    expect(identify(other.pid ?? 0)).toBeDefined();
    other.kill('SIGKILL');
    await ended;
    expect(identify(other.pid ?? 0)).toBeUndefined();
  });

  it('rejects when there is no such program, and keeps what one wrote that ended', async () => {
    const missing = new ManagedProcess(folder, { name: 'missing', command: join(folder, 'nothing'), args: [] });
    await expect(missing.start()).rejects.toThrow('ENOENT');
    const brief = await start('brief', 'console.error("cannot go on")');
    await waitFor('it to end', () => !brief.running);
    expect(brief.tail()).toBe('cannot go on');
    expect(readFileSync(brief.log, 'utf8')).toBe('cannot go on\n');
  });
});

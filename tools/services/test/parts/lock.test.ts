import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { withLock } from '../../src/parts/lock.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder();

describe('withLock', () => {
  it('lets one in at a time', async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await turn();
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(join(folder, 'busy'), work)));
    expect(most).toBe(1);
  });

  it('is free again after work that failed', async () => {
    const file = join(folder, 'failed');
    await expect(withLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(file)).toBe(false);
  });

  it('is taken over from a process that died, by one of many', async () => {
    const file = join(folder, 'stale');
    writeFileSync(file, JSON.stringify({ pid: process.pid, started: 'long ago' }));
    let entered = 0;
    await Promise.all([1, 2, 3].map(() => withLock(file, async () => void (entered += 1))));
    expect(entered).toBe(3);
    expect(existsSync(file)).toBe(false);
  });
});

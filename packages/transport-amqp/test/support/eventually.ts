import { setTimeout as sleep } from 'node:timers/promises';

/** Polls until the condition holds; fails after `ms` milliseconds, which only a defect or a very slow machine needs. */
export async function eventually(what: string, holds: () => unknown, ms = 20_000): Promise<void> {
  const giveUpAt = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > giveUpAt) throw new Error(`${what}: not after ${ms} ms`);
    await sleep(10);
  }
}

import { setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';

/** Until the condition holds; rejects when it does not within so many milliseconds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: still not so after ${ms} ms`);
    await setTimeout(5);
  }
}

export const never: AbortSignal = new AbortController().signal;
setMaxListeners(0, never);

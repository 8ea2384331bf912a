import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats a check until it gives something other than `undefined` or `false`, and returns that. An error counts as not yet.
 * @throws Error that names `what` and the last error, after `deadline` milliseconds (30,000 by default).
 */
export async function waitFor<T>(
  what: string,
  check: () => T | Promise<T>,
  deadline = 30_000,
): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + deadline;
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 200)) {
    let reason: unknown;
    try {
      const result = await check();
      if (result !== undefined && result !== false) return result as Exclude<T, false | undefined>;
    } catch (error) {
      if (error instanceof GiveUp) throw error;
      reason = error;
    }
    if (performance.now() + pause > end) {
      const last = reason instanceof Error ? `: ${reason.message}` : '';
      throw new Error(`Waited ${deadline} ms for ${what}${last}`, { cause: reason });
    }
    await sleep(pause);
  }
}

/** Thrown by a check that will never succeed: {@link waitFor} passes it on at once. */
export class GiveUp extends Error {
  override readonly name = 'GiveUp';
}

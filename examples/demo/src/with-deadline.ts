import { TimeoutError } from '@kombu/core';

/** Milliseconds that work gets to clean up after its time is over. */
const grace = 25_000;

/**
 * Runs `work`, whose signal fires after `timeout` milliseconds. Work that does not end soon after that is not waited for: a
 * program that promised to end has to end.
 */
export async function withDeadline<T>(timeout: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new TimeoutError(`The demo was not done within ${timeout} ms`);
  const controller = new AbortController();
  const timers = [setTimeout(() => controller.abort(over), timeout)];
  const giveUp = new Promise<never>((_, reject) => timers.push(setTimeout(() => reject(over), timeout + grace)));
  try {
    return await Promise.race([work(controller.signal), giveUp]);
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

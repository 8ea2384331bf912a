import { TimeoutError } from '@kombu/core';

/** Milliseconds that work gets to clean up after its time is over. */
const grace = 25_000;

/**
 * Runs `work`, whose signal fires after `timeout` milliseconds, or with `stop`. Work that does not end soon after that is not
 * waited for: a program that promised to end has to end.
 */
export async function withDeadline<T>(
  timeout: number,
  stop: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  stop?.addEventListener('abort', () => controller.abort(stop.reason), { once: true });
  const over = new TimeoutError(`The demo was not done within ${timeout} ms`);
  const deadline = setTimeout(() => controller.abort(over), timeout);
  let lastWord: NodeJS.Timeout | undefined;
  const giveUp = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => (lastWord = setTimeout(() => reject(signal.reason), grace)));
  });
  try {
    return await Promise.race([work(signal), giveUp]);
  } finally {
    clearTimeout(deadline);
    clearTimeout(lastWord);
  }
}

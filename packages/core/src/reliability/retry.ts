import type { Clock, Random } from '../clock.ts';
import { InvalidArgumentError, abortedError } from '../errors.ts';

/** How often and how fast to try again. Plain data but for the hook, so that it can sit in a configuration file. */
export interface RetryPolicy {
  /** Tries after the first; `Infinity` (the default) goes on until `timeout`. */
  readonly maxRetries?: number;
  /** The first wait in milliseconds. @default 100 */
  readonly intervalStart?: number;
  /** What each further wait is longer than the one before, in milliseconds. @default 1000 */
  readonly intervalStep?: number;
  /** The longest wait in milliseconds. @default 30000 */
  readonly intervalMax?: number;
  /** Wait a random part of the interval, so that a fleet does not come back at the same moment. @default true */
  readonly jitter?: boolean;
  /** The budget for all tries together, in milliseconds. @default Infinity */
  readonly timeout?: number;
  /** Called before each wait with the error, the wait in milliseconds and the number of failures so far. */
  readonly errback?: (error: Error, interval: number, failures: number) => void;
}

/** A policy with every gap filled. */
export type CompleteRetryPolicy = Required<Omit<RetryPolicy, 'errback'>> & Pick<RetryPolicy, 'errback'>;

export const defaultRetryPolicy: CompleteRetryPolicy = {
  maxRetries: Infinity,
  intervalStart: 100,
  intervalStep: 1000,
  intervalMax: 30_000,
  jitter: true,
  timeout: Infinity,
};

/** Fills the gaps of `policy` from `defaults`. Throws InvalidArgumentError for negative or non-numeric values. */
export function completePolicy(
  policy: RetryPolicy = {},
  defaults: CompleteRetryPolicy = defaultRetryPolicy,
): CompleteRetryPolicy {
  const complete = { ...defaults, ...withoutUndefined(policy) };
  for (const key of ['maxRetries', 'intervalStart', 'intervalStep', 'intervalMax', 'timeout'] as const) {
    const value = complete[key];
    if (typeof value !== 'number' || Number.isNaN(value) || value < 0) {
      throw new InvalidArgumentError(`Retry policy: ${key} must be a number of at least 0, not ${String(value)}`);
    }
  }
  return complete;
}

/** An object without the keys whose value is undefined, so that they do not overwrite defaults. */
export function withoutUndefined<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** The wait before retry number `retry` (from 0), in whole milliseconds. */
export function retryInterval(policy: CompleteRetryPolicy, retry: number, random: Random): number {
  const interval = Math.min(policy.intervalStart + policy.intervalStep * retry, policy.intervalMax);
  return Math.round(policy.jitter ? interval * random() : interval);
}

/** Resolves after `ms` milliseconds of the clock; rejects when the signal fires. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortedError(signal, 'Waiting'));
    const onAbort = (): void => {
      clock.clearTimeout(timer);
      reject(abortedError(signal as AbortSignal, 'Waiting'));
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** What {@link retryOverTime} needs beside the policy. */
export interface RetryContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
  /** Errors for which it answers false are thrown at once. */
  readonly isRetryable: (error: unknown) => boolean;
  /**
   * With several hosts the waits come only after each lap over all of them, as in Kombu: 2 hosts wait 0, 1, 0, 2, 0, 3, …
   * @default 1
   */
  readonly lap?: () => number;
}

/**
 * Calls `attempt` until it succeeds, fails for good, or the policy is used up; then throws the last error.
 * `maxRetries: n` makes at most n + 1 attempts. The hook of the policy may throw: that ends the tries with its error.
 */
export async function retryOverTime<T>(
  attempt: (failures: number) => Promise<T>,
  policy: CompleteRetryPolicy,
  context: RetryContext,
): Promise<T> {
  const giveUpAt = context.clock.now() + policy.timeout;
  for (let failures = 0; ;) {
    if (context.signal?.aborted) throw abortedError(context.signal, 'Trying');
    try {
      return await attempt(failures);
    } catch (error) {
      failures += 1;
      if (!context.isRetryable(error) || failures > policy.maxRetries) throw error;
      const lap = context.lap?.() ?? 1;
      const lapDone = failures % lap === 0;
      const interval = lapDone ? retryInterval(policy, failures / lap - 1, context.random) : 0;
      if (context.clock.now() + interval > giveUpAt) throw error;
      policy.errback?.(error as Error, interval, failures);
      if (interval > 0) await sleep(context.clock, interval, context.signal);
    }
  }
}

import { getEventListeners } from 'node:events';
import * as fc from 'fast-check';
import { AbortedError, ConnectionError, InvalidArgumentError } from '../../src/errors.ts';
import type { RetryPolicy } from '../../src/reliability/retry.ts';
import {
  completePolicy,
  defaultRetryPolicy,
  retryInterval,
  retryOverTime,
  sleep,
  withoutUndefined,
} from '../../src/reliability/retry.ts';
import { StepClock } from './step-clock.ts';

const noJitter: RetryPolicy = { intervalStart: 1000, intervalStep: 1000, jitter: false };

/** Runs an attempt that always fails; gives the times of the attempts and how it ended. */
async function attempts(
  policy: RetryPolicy,
  { hosts = 1, maxMs = 100_000, isRetryable = true, signal = undefined as AbortSignal | undefined } = {},
): Promise<{ readonly times: number[]; readonly error: unknown; readonly clock: StepClock }> {
  const clock = new StepClock();
  const start = clock.now();
  const times: number[] = [];
  let error: unknown;
  const attempt = async (): Promise<never> => {
    times.push(clock.now() - start);
    throw new ConnectionError(`attempt ${times.length}`);
  };
  void retryOverTime(attempt, completePolicy(policy), {
    clock,
    random: () => 1,
    signal,
    isRetryable: () => isRetryable,
    lap: () => hosts,
  }).catch((cause: unknown) => (error = cause));
  await clock.advance(maxMs);
  return { times, error, clock };
}

describe('retryOverTime', () => {
  it('makes maxRetries + 1 attempts and throws the last error', async () => {
    const { times, error, clock } = await attempts({ ...noJitter, maxRetries: 3 });
    expect(times).toEqual([0, 1000, 3000, 6000]);
    expect(error).toMatchObject({ message: 'attempt 4' });
    expect(clock.pending).toBe(0);
  });

  it('waits no longer than intervalMax', async () => {
    const { times } = await attempts({ ...noJitter, intervalMax: 2000, maxRetries: 4 });
    expect(times).toEqual([0, 1000, 3000, 5000, 7000]);
  });

  it('waits only when a lap over all hosts is complete', async () => {
    const { times } = await attempts({ ...noJitter, maxRetries: 6 }, { hosts: 2 });
    const waits = times.slice(1).map((time, index) => (time - (times[index] as number)) / 1000);
    expect(waits).toEqual([0, 1, 0, 2, 0, 3]);
  });

  it('stays within its time budget: a wait that would pass it is not begun', async () => {
    const { times, error } = await attempts({ ...noJitter, timeout: 3500 });
    expect(times).toEqual([0, 1000, 3000]);
    expect(error).toMatchObject({ message: 'attempt 3' });
  });

  it('throws at once what no repetition can cure', async () => {
    const { times, error } = await attempts(noJitter, { isRetryable: false });
    expect(times).toEqual([0]);
    expect(error).toMatchObject({ message: 'attempt 1' });
  });

  it('tells the hook before each wait, and a hook that throws ends the tries', async () => {
    const seen: unknown[] = [];
    await attempts({
      ...noJitter,
      maxRetries: 2,
      errback: (error, interval, failures) => seen.push([error.message, interval, failures]),
    });
    expect(seen).toEqual([
      ['attempt 1', 1000, 1],
      ['attempt 2', 2000, 2],
    ]);
    const enough = new Error('enough');
    const errback = (): never => {
      throw enough;
    };
    const { times, error } = await attempts({ ...noJitter, errback });
    expect(times).toEqual([0]);
    expect(error).toBe(enough);
  });

  it('ends with AbortedError when the signal fires: before, and in the middle of a wait, leaving no timer', async () => {
    const controller = new AbortController();
    const errback = (): void => queueMicrotask(() => controller.abort());
    const { times, error, clock } = await attempts({ ...noJitter, errback }, { signal: controller.signal });
    expect(times).toEqual([0]);
    expect(error).toBeInstanceOf(AbortedError);
    expect(clock.pending).toBe(0);
    const late = await attempts(noJitter, { signal: controller.signal });
    expect(late.times).toEqual([]);
    expect(late.error).toBeInstanceOf(AbortedError);
  });

  it('resolves to what the first attempt that succeeds gives, and tells it how often it failed before', async () => {
    const clock = new StepClock();
    const result = retryOverTime(
      async (failures) => {
        if (failures < 2) throw new ConnectionError('not yet');
        return failures;
      },
      completePolicy(noJitter),
      { clock, random: Math.random, isRetryable: () => true },
    );
    await clock.advance(3000);
    await expect(result).resolves.toBe(2);
  });
});

describe('completePolicy', () => {
  it('fills gaps from the defaults, also those given as undefined', () => {
    const policy = { maxRetries: undefined, intervalStart: 5 } as unknown as RetryPolicy;
    expect(completePolicy(policy)).toEqual({ ...defaultRetryPolicy, intervalStart: 5 });
  });

  it.each([
    ['maxRetries', -1],
    ['intervalStart', Number.NaN],
    ['timeout', '5'],
  ])('refuses %s: %p', (key, value) => {
    expect(() => completePolicy({ [key]: value })).toThrow(InvalidArgumentError);
    expect(() => completePolicy({ [key]: value })).toThrow(key);
  });
});

describe('retryInterval', () => {
  it('is a whole number between 0 and the interval without jitter', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (retry, random) => {
        const policy = completePolicy({ intervalStart: 100, intervalStep: 700, intervalMax: 30_000 });
        const wait = retryInterval(policy, retry, () => random);
        const most = Math.min(100 + 700 * retry, 30_000);
        expect(Number.isInteger(wait) && wait >= 0 && wait <= most).toBe(true);
        expect(retryInterval({ ...policy, jitter: false }, retry, () => random)).toBe(most);
      }),
    );
  });
});

describe('sleep', () => {
  it('removes its listener from the signal when the time is over', async () => {
    const clock = new StepClock();
    const { signal } = new AbortController();
    const slept = sleep(clock, 10, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await clock.advance(10);
    await slept;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('withoutUndefined', () => {
  it('keeps null, false and zero', () => {
    expect(withoutUndefined({ a: undefined, b: null, c: false, d: 0 })).toEqual({ b: null, c: false, d: 0 });
  });
});

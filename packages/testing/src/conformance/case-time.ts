import { clearTimeout, setTimeout } from 'node:timers';
import type { Clock } from '@kombu/core/spi';
import { systemClock } from '@kombu/core/spi';
import { ManualClock } from '../manual-clock.ts';

/** How a case sees time: moved by hand, or passing by itself. No wait is without an end. */
export interface CaseTime {
  /** What the system under test is given. */
  readonly clock: Clock;
  /** The number of pending timers, where it is known. */
  readonly pending?: () => number;
  now(): number;
  /** Lets this much time pass. */
  advance(ms: number): Promise<void>;
  /**
   * Lets time pass until the condition holds; resolves to why it still does not after `maxMs`. Where it is known that the
   * condition holds once a promise is settled, that promise saves polling.
   */
  passUntil(condition: () => boolean, maxMs: number, settled?: Promise<unknown>): Promise<string | undefined>;
}

// Nothing of a system on a manual clock takes real time, so a hang is known for one at once.
const IDLE_MS = 5;

/** A fresh clock for one case. */
export function newTime(kind: 'manual' | 'real' | undefined): CaseTime {
  return kind === 'manual' ? manualTime(new ManualClock({ idleMs: IDLE_MS })) : realTime(systemClock);
}

/** Time that only moves when a case moves it. */
export function manualTime(clock: ManualClock): CaseTime {
  return {
    clock,
    pending: () => clock.pending,
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms),
    async passUntil(condition, maxMs) {
      const start = clock.now();
      try {
        await clock.advanceUntil(condition, maxMs);
        return undefined;
      } catch (error) {
        // The clock gives up by rejecting; anything else came out of a timer of the system under test.
        if (condition()) return undefined;
        if (clock.pending === 0) return `after ${clock.now() - start} ms, and no timer is left that could change that`;
        if (clock.now() - start >= maxMs) return `after ${maxMs} ms`;
        throw error;
      }
    },
  };
}

const POLL_MS = 2;

/** The machine's time, for brokers in other processes. */
export function realTime(clock: Clock): CaseTime {
  const sleep = (ms: number, orUntil?: Promise<unknown>): Promise<void> =>
    new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, ms);
      const wake = (): void => {
        clock.clearTimeout(timer);
        resolve();
      };
      void orUntil?.then(wake, wake);
    });
  return {
    clock,
    now: () => clock.now(),
    advance: (ms) => sleep(ms),
    async passUntil(condition, maxMs, settled) {
      const deadline = clock.now() + maxMs;
      while (!condition() && clock.now() < deadline) await sleep(settled ? maxMs : POLL_MS, settled);
      return condition() ? undefined : `after ${maxMs} ms`;
    },
  };
}

/** Settles with the promise, or rejects after so many real milliseconds: the last net under a case that hangs. */
export async function withinRealTime<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} is still not done after ${ms} ms: something hangs`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

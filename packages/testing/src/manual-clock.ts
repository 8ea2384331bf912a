import { setImmediate, setTimeout } from 'node:timers';

import type { Clock, ClockTimer } from '@kombu/core/spi';
import { InvalidArgumentError } from '@kombu/core/spi';

/** Options of {@link ManualClock}. */
export interface ManualClockOptions {
  /** The wall time at which it starts, in milliseconds since 1970. Default: 2025-01-01T00:00:00Z. */
  readonly startAt?: number;
  /**
   * How many turns of the event loop run after each timer, so that promises, `nextTick` and chains of up to that many
   * `setImmediate` are done before time moves on. Default 3.
   */
  readonly turns?: number;
  /**
   * Real milliseconds that `advanceUntil` still waits for sockets and the thread pool once no timer is left to fire, before
   * it gives up. Default 100.
   */
  readonly idleMs?: number;
}

// The longest delay that Node's own timers take; they fire at once when it is longer.
const longestDelay = 2 ** 31 - 1;

class ManualTimer implements ClockTimer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
  /** Whose `stack` says where the timer was set; V8 formats it only when it is read. */
  readonly origin: { readonly stack?: string } = {};

  constructor(at: number, order: number, callback: () => void) {
    this.at = at;
    this.order = order;
    this.callback = callback;
    Error.captureStackTrace(this.origin, ManualTimer);
  }

  unref(): void {
    // Keeps no process alive in the first place.
  }
}

/**
 * A clock that stands still until a test moves it. Timers fire in the order of their times, those of the same time in the
 * order in which they were set, and `now()` is the timer's own time while its callback runs. Between two timers the promise
 * work that the first one started is done, so that whatever it sets for the same stretch of time is honoured.
 *
 * Work that takes real time (sockets, the thread pool) does not hold the clock back: use `systemClock` with a real broker.
 */
export class ManualClock implements Clock {
  readonly #turns: number;
  readonly #idleMs: number;
  /** Sorted by time, then by order of creation. */
  readonly #timers: ManualTimer[] = [];
  #now: number;
  #created = 0;

  constructor(options: ManualClockOptions = {}) {
    this.#now = options.startAt ?? Date.UTC(2025, 0, 1);
    this.#turns = options.turns ?? 3;
    this.#idleMs = options.idleMs ?? 100;
  }

  now(): number {
    return this.#now;
  }

  /**
   * As Node's own: less than one millisecond counts as one, so that a timer which sets itself again always moves time.
   * Throws `INVALID_ARGUMENT` for what Node's timers cannot do (NaN, more than 2147483647), because there it would fire at
   * once.
   */
  setTimeout(callback: () => void, ms: number): ClockTimer {
    if (!(ms <= longestDelay)) {
      throw new InvalidArgumentError(
        `A timer of ${ms} ms cannot be set: Node's timers take at most ${longestDelay} ms and fire at once beyond that`,
      );
    }
    const at = this.#now + Math.max(1, Math.trunc(ms));
    const timer = new ManualTimer(at, this.#created++, callback);
    this.#timers.splice(this.#position(timer), 0, timer);
    return timer;
  }

  /** Throws `INVALID_ARGUMENT` for a timer of another clock: two clocks are mixed. */
  clearTimeout(timer: ClockTimer): void {
    if (!(timer instanceof ManualTimer)) {
      throw new InvalidArgumentError('This timer was not set on a ManualClock: pass the same clock everywhere');
    }
    const position = this.#position(timer);
    if (this.#timers[position] === timer) this.#timers.splice(position, 1);
  }

  /** The number of timers that are set and have not fired. */
  get pending(): number {
    return this.#timers.length;
  }

  /** When the next timer fires, in milliseconds since 1970; undefined without one. */
  get nextAt(): number | undefined {
    return this.#timers[0]?.at;
  }

  /**
   * Moves time by `ms` milliseconds and fires the timers on the way. Rejects with what a callback threw; time then stands at
   * that timer, and the clock goes on as usual.
   */
  async advance(ms: number): Promise<void> {
    const target = this.#now + checkedSpan(ms);
    await this.#settle();
    for (let next = this.#timers[0]; next !== undefined && next.at <= target; next = this.#timers[0]) {
      this.#fire(next);
      await this.#settle();
    }
    this.#now = Math.max(this.#now, target);
  }

  /**
   * Moves time from timer to timer until the promise settles or the condition is true, and not a timer further; settles as
   * the promise does. Rejects when that takes more than `maxMs` milliseconds of virtual time, or when no timer is left and
   * nothing happens: the message lists the pending timers and where they were set.
   */
  advanceUntil<T>(goal: PromiseLike<T>, maxMs: number): Promise<T>;
  advanceUntil(goal: () => boolean, maxMs: number): Promise<void>;
  async advanceUntil(goal: PromiseLike<unknown> | (() => boolean), maxMs: number): Promise<unknown> {
    const start = this.#now;
    const limit = start + checkedSpan(maxMs);
    const reached = typeof goal === 'function' ? goal : settledCheck(goal);
    while (!reached()) {
      await this.#settle();
      if (reached()) break;
      const next = this.#timers[0];
      if (next !== undefined && next.at <= limit) this.#fire(next);
      else if (!(await this.#waitIdle(reached, limit))) throw this.#stuck(goal, start, limit);
    }
    return typeof goal === 'function' ? undefined : goal;
  }

  /** Where the timer is, or where it belongs. */
  #position(timer: ManualTimer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle]!;
      if (other.at < timer.at || (other.at === timer.at && other.order < timer.order)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #fire(timer: ManualTimer): void {
    this.#timers.shift();
    this.#now = Math.max(this.#now, timer.at);
    timer.callback();
  }

  async #settle(): Promise<void> {
    for (let turn = 0; turn < this.#turns; turn++) await nextTurn();
  }

  /** Is there something to do after all: the goal is reached, or a timer was set that may fire? */
  async #waitIdle(reached: () => boolean, limit: number): Promise<boolean> {
    const giveUpAt = performance.now() + this.#idleMs;
    while (performance.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (reached() || (this.nextAt ?? Infinity) <= limit) return true;
    }
    return false;
  }

  #stuck(goal: unknown, start: number, limit: number): Error {
    const what = typeof goal === 'function' ? 'the condition is still false' : 'the promise is still pending';
    if (this.pending > 0) this.#now = limit;
    const spent = this.#now - start;
    const why =
      this.pending === 0
        ? `${what} after ${spent} ms of virtual time, and no timer is left that could change that.`
        : `${what} after ${spent} ms of virtual time, which is all that was allowed. Pending timers:${this.#list()}`;
    return new Error(`ManualClock.advanceUntil: ${why}`);
  }

  #list(): string {
    const lines = this.#timers.slice(0, 10).map((timer) => {
      // The first frame is the clock's own.
      const frames = (timer.origin.stack ?? '').split('\n').slice(2, 4);
      return `\n  in ${timer.at - this.#now} ms, set ${frames.map((frame) => frame.trim()).join(' ')}`;
    });
    return lines.join('') + (this.pending > 10 ? `\n  and ${this.pending - 10} more` : '');
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function checkedSpan(ms: number): number {
  if (ms >= 0 && ms < Infinity) return ms;
  throw new InvalidArgumentError(`Time moves by a finite number of milliseconds, 0 or more, not by ${ms}`);
}

function settledCheck(promise: PromiseLike<unknown>): () => boolean {
  let settled = false;
  const settle = (): void => void (settled = true);
  promise.then(settle, settle);
  return () => settled;
}

import type { Clock, ClockTimer } from '../../src/clock.ts';

interface Timer extends ClockTimer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until `advance`. The full one is in `@kombu/testing`, which core cannot import. */
export class StepClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = 1000;

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, ms: number): ClockTimer {
    if (!(ms < 2 ** 31)) throw new RangeError(`Node would fire a timer of ${ms} ms at once`);
    const timer = { at: this.#now + Math.max(1, ms), callback, unref() {} };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: ClockTimer): void {
    this.#timers.delete(timer as Timer);
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Time goes on and no timer fires, as in a process that is busy; they fire late, with the next `advance`. */
  stall(ms: number): void {
    this.#now += ms;
  }

  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    await settle();
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= target).toSorted((one, other) => one.at - other.at);
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settle();
    }
    this.#now = target;
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

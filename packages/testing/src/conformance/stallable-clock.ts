import type { Clock, ClockTimer } from '@kombu/core/spi';

interface StallableTimer extends ClockTimer {
  readonly inner: ClockTimer;
  readonly fire: () => void;
}

/**
 * A clock whose timers can be held back while time goes on: how a process looks whose event loop is blocked, or that was
 * killed. Leases of a stalled connection are not renewed.
 */
export class StallableClock implements Clock {
  readonly #inner: Clock;
  readonly #due = new Set<StallableTimer>();
  #stalled = false;

  constructor(inner: Clock) {
    this.#inner = inner;
  }

  now(): number {
    return this.#inner.now();
  }

  setTimeout(callback: () => void, ms: number): ClockTimer {
    const fire = (): void => {
      if (this.#stalled) this.#due.add(timer);
      else callback();
    };
    const inner = this.#inner.setTimeout(fire, ms);
    const timer: StallableTimer = { inner, fire, unref: () => inner.unref() };
    return timer;
  }

  clearTimeout(timer: ClockTimer): void {
    this.#due.delete(timer as StallableTimer);
    this.#inner.clearTimeout((timer as StallableTimer).inner);
  }

  /** From now on no timer fires. */
  stall(): void {
    this.#stalled = true;
  }

  /** Fires at once what came due meanwhile, oldest first. */
  resume(): void {
    this.#stalled = false;
    for (const timer of this.#due) {
      this.#due.delete(timer);
      timer.fire();
    }
  }
}

import type { Clock, ClockTimer } from '@kombu/core/spi';

/** Node's timers fire at once beyond this. */
const longestTimer = 2 ** 31 - 1;

/** One timer that is set to a moment, however far away, and keeps no process alive. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: ClockTimer | undefined;

  /** @param ring may be called too early, when the moment is weeks away: it looks at the clock and sets the alarm again. */
  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  /** Replaces an earlier setting. */
  set(at: number): void {
    this.clear();
    const ms = Math.min(Math.max(0, at - this.#clock.now()), longestTimer);
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#ring();
    }, ms);
    this.#timer.unref();
  }

  clear(): void {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

import type { Clock } from '../clock.ts';
import type { WaitOptions } from './deadline.ts';

/** Bounds for several waits together: each gets what those before it have left over. */
export class TimeBudget {
  readonly #clock: Clock;
  readonly #endsAt: number;
  readonly #signal: AbortSignal | undefined;

  /**
   * @param wait - The bounds of all the waits.
   * @param defaultTimeout - For bounds without a timeout, in milliseconds.
   */
  constructor({ timeout, signal }: WaitOptions, clock: Clock, defaultTimeout: number = Infinity) {
    this.#clock = clock;
    this.#endsAt = clock.now() + (timeout ?? defaultTimeout);
    this.#signal = signal;
  }

  /** The bounds of the next wait, as of now. */
  get left(): { readonly timeout: number; readonly signal: AbortSignal | undefined } {
    return { timeout: Math.max(0, this.#endsAt - this.#clock.now()), signal: this.#signal };
  }
}

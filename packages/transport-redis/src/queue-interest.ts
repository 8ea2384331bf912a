import type { Clock } from '@kombu/core/spi';
import type { KeyWatcher } from './key-tracker.ts';

/** Who waits for messages of one queue, and what is known of it. */
export class QueueInterest implements KeyWatcher {
  readonly #clock: Clock;
  readonly #waiters = new Set<() => void>();
  #version = 0;
  #isQuiet = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts the changes: whoever looks into the queue compares it before and after. */
  get version(): number {
    return this.#version;
  }

  /** The queue was empty at the last look, and the server has not told of a change since. */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  /** Does anybody wait? */
  get isWanted(): boolean {
    return this.#waiters.size > 0;
  }

  /**
   * The queue was found empty, with the server told to watch it. The news of a change travels on another connection and may
   * have come before the answer of the look: then the queue is not quiet.
   */
  foundEmpty(version: number): void {
    if (version === this.#version) this.#isQuiet = true;
  }

  changed(): void {
    this.#version += 1;
    this.#isQuiet = false;
    for (const wake of this.#waiters) wake();
  }

  /** Until something changes, the time is over, or the signal fires. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(wake);
        this.#clock.clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.#clock.setTimeout(wake, ms);
      timer.unref();
      signal.addEventListener('abort', wake);
      this.#waiters.add(wake);
    });
  }
}

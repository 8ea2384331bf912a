import type { Clock, ClockTimer, Logger } from '@kombu/core/spi';
import type { QueueWaits } from './queue-waits.ts';

export interface ScoutParts {
  /** Tells which of these queues have messages. */
  readonly look: (queues: readonly string[]) => Promise<readonly string[]>;
  readonly waits: QueueWaits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The longest time between two looks, in milliseconds. */
  readonly longestMs: () => number;
}

/** The shortest time between two looks, in milliseconds; doubled while there is nothing. */
const firstRestMs = 10;

/**
 * Asks for all queues at once where somebody waits, so that an idle process costs the same however many queues it consumes: the
 * less the longer it is idle.
 */
export class Scout {
  readonly #parts: ScoutParts;
  #timer: ClockTimer | undefined;
  #restMs = firstRestMs;
  #isLooking = false;
  #isStopped = false;

  constructor(parts: ScoutParts) {
    this.#parts = parts;
  }

  /** Somebody begins to wait. */
  start(): void {
    if (!this.#timer && !this.#isLooking) this.#rest();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer) this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #rest(): void {
    if (this.#isStopped) return;
    const { clock, longestMs } = this.#parts;
    const longest = longestMs();
    this.#timer = clock.setTimeout(() => void this.#look(), Math.min(this.#restMs, longest));
    this.#restMs = Math.min(2 * this.#restMs, longest);
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    const { look, waits, logger } = this.#parts;
    const { queues } = waits;
    if (queues.length === 0) return;
    this.#isLooking = true;
    try {
      const found = await look(queues);
      for (const queue of found) waits.wake(queue);
      if (found.length > 0) this.#restMs = firstRestMs;
    } catch (error) {
      // Each of them looks for itself then, and fails if it has to.
      logger.debug('A look at all queues that are waited for failed', { error });
      waits.wakeAll();
    }
    this.#isLooking = false;
    this.#rest();
  }
}

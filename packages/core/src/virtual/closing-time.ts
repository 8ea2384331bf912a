import type { Clock } from '../clock.ts';
import { TimeoutError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { bounded } from '../reliability/deadline.ts';

/** How long closing a channel or a connection may take in all, in milliseconds. */
const closeWithinMs = 5000;

/** One deadline over all steps of closing something. A step that fails or takes too long is logged, and the next one follows. */
export class ClosingTime {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #endsAt: number;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#endsAt = clock.now() + closeWithinMs;
  }

  /** Never rejects. When the time is up already, the work is only started. */
  async step(doing: string, work: () => Promise<unknown>): Promise<void> {
    const timeout = this.#endsAt - this.#clock.now();
    const done = (async () => work())().catch((error: unknown) => this.#logger.warn(`${doing} failed`, { error }));
    try {
      if (timeout <= 0) throw new TimeoutError(`No time was left for it: closing takes ${closeWithinMs} ms at most`);
      await bounded(done, { timeout }, this.#clock, doing);
    } catch (error) {
      this.#logger.warn(`${doing} was abandoned`, { error });
    }
  }
}

import type { Clock } from '../clock.ts';
import { TimeoutError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { WaitOptions } from './deadline.ts';
import { bounded } from './deadline.ts';
import { TimeBudget } from './time-budget.ts';

/** How long closing something may take in all unless its owner says otherwise, in milliseconds. */
const defaultTimeoutMs = 5000;

/** When the time is up, so many milliseconds more are there for what has to be tried in any case. */
const extraMs = 200;

/** One deadline over all steps of closing something. A step that fails or takes too long is logged, and the next one follows. */
export class ClosingTime {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #budget: TimeBudget;
  readonly #lastBudget: TimeBudget;

  constructor(clock: Clock, logger: Logger, { timeout = defaultTimeoutMs, signal }: WaitOptions = {}) {
    this.#clock = clock;
    this.#logger = logger;
    this.#budget = new TimeBudget({ timeout, signal }, clock);
    this.#lastBudget = new TimeBudget({ timeout: timeout + extraMs, signal }, clock);
  }

  /** What is left of it. */
  get left(): { readonly timeout: number; readonly signal: AbortSignal | undefined } {
    return this.#budget.left;
  }

  /** Starts the work and waits for it as long as there is time. Never rejects. */
  step(doing: string, work: () => Promise<unknown>): Promise<void> {
    return this.#run(doing, work, this.#budget.left);
  }

  /** A step that has a moment even when the time is up: what it leaves undone others would have to clean up. */
  lastStep(doing: string, work: () => Promise<unknown>): Promise<void> {
    return this.#run(doing, work, this.#lastBudget.left);
  }

  async #run(doing: string, work: () => Promise<unknown>, wait: WaitOptions): Promise<void> {
    const done = (async () => work())().catch((error: unknown) => this.#logger.warn(`${doing} failed`, { error }));
    const isOver = wait.timeout === 0 || wait.signal?.aborted === true;
    try {
      await (isOver ? doneByNow(done) : bounded(done, wait, this.#clock, doing));
    } catch (error) {
      this.#logger.warn(`${doing} was abandoned`, { error });
    }
  }
}

/** Rejects unless the work is done within this turn of the event loop. */
function doneByNow(work: Promise<unknown>): Promise<unknown> {
  const turn = new Promise((_, reject) => {
    setImmediate(() => reject(new TimeoutError('No time was left for it')));
  });
  return Promise.race([work, turn]);
}

import type { Clock, ClockTimer, Logger } from '@kombu/core/spi';
import type { Document } from 'mongodb';

/** The part of a change stream that is needed here. */
export interface Changes {
  on(event: 'change', listener: (change: Document) => void): unknown;
  on(event: 'resumeTokenChanged', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

export interface ChangeWatchParts {
  /** Opens a stream of the changes after which a queue may have a message. */
  readonly open: (pipeline: readonly Document[]) => Changes;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The queue may have a message; without a name, any may. */
  readonly changed: (queue?: string) => void;
}

/** The first pause before a broken stream is opened again, and the longest, in milliseconds. */
const firstPauseMs = 100;
const longestPauseMs = 30_000;

/** Messages that came, or came back. */
const pipeline: readonly Document[] = [
  {
    $match: {
      $or: [
        { operationType: 'insert', 'fullDocument.queue': { $exists: true } },
        { operationType: 'update', 'updateDescription.updatedFields.queue': { $exists: true } },
      ],
    },
  },
  {
    $project: {
      queue: { $ifNull: ['$fullDocument.queue', '$updateDescription.updatedFields.queue'] },
    },
  },
];

/**
 * Hears from the server which queues may have messages. It only saves time: readers look by themselves too, so that a stream
 * that breaks, or that a server does not have, costs no message.
 */
export class ChangeWatch {
  readonly #parts: ChangeWatchParts;
  #changes: Changes | undefined;
  #timer: ClockTimer | undefined;
  #pauseMs = firstPauseMs;
  #isLive = false;
  #isOver = false;

  constructor(parts: ChangeWatchParts) {
    this.#parts = parts;
  }

  /** Does it hear? */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** Does nothing when it is open, or when the server has no change streams. */
  start(): void {
    if (this.#isOver || this.#changes || this.#timer) return;
    const changes = this.#parts.open(pipeline);
    this.#changes = changes;
    changes.on('resumeTokenChanged', () => {
      this.#isLive = changes === this.#changes;
      this.#pauseMs = firstPauseMs;
    });
    changes.on('change', ({ queue }) => {
      this.#parts.changed(typeof queue === 'string' ? queue : undefined);
    });
    changes.on('error', (error) => this.#broken(changes, error));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    if (this.#timer) this.#parts.clock.clearTimeout(this.#timer);
    await this.#close();
  }

  #broken(changes: Changes, error: Error): void {
    if (changes !== this.#changes) return;
    const { logger, clock, changed } = this.#parts;
    void this.#close();
    if (isRefused(error)) {
      this.#isOver = true;
      logger.debug('The server has no change streams: queues are polled', { error });
      return;
    }
    if (this.#isOver) return;
    logger.debug(`The change stream broke; opening another one in ${this.#pauseMs} ms`, { error });
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      this.start();
      // What came in between, nobody told us.
      changed();
    }, this.#pauseMs);
    this.#timer.unref();
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
  }

  async #close(): Promise<void> {
    const changes = this.#changes;
    this.#changes = undefined;
    this.#isLive = false;
    await changes?.close().catch((error: unknown) => {
      this.#parts.logger.debug('A change stream could not be closed', { error });
    });
  }
}

/** CommandNotFound, NotImplemented, no replica set, Unauthorized, a pipeline stage that is not known. */
function isRefused(error: Error): boolean {
  const { code } = error as { readonly code?: unknown };
  return [13, 59, 115, 238, 40_324, 40_573].includes(Number(code));
}

import type { Clock, ClockTimer, Logger } from '@kombu/core/spi';
import type { Collection } from 'mongodb';
import { makeReady } from './claims.ts';
import type { MessageDocument } from './documents.ts';
import type { ServerClock } from './server-clock.ts';

export interface RestorerParts {
  readonly messages: Collection<MessageDocument>;
  readonly serverClock: ServerClock;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly leaseMs: number;
  /** Messages of any queue are ready again. */
  readonly restored: () => void;
}

/** The longest time between two looks, in milliseconds. */
const longestMs = 1000;
/** Documents tell the time in whole milliseconds. */
const graceMs = 1;

/** Makes messages ready again whose lease or delay is over, of all queues, as long as this process reads any. */
export class Restorer {
  readonly #parts: RestorerParts;
  readonly #intervalMs: number;
  #timer: ClockTimer | undefined;
  #dueAt = Infinity;
  #isRunning = false;
  #isStarted = false;
  #isStopped = false;

  constructor(parts: RestorerParts) {
    this.#parts = parts;
    this.#intervalMs = Math.min(longestMs, Math.max(1, parts.leaseMs >> 2));
  }

  /** From now on. Does nothing when it goes on already. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#run();
  }

  /** A message will be due in `ms` milliseconds. */
  expect(ms: number): void {
    if (this.#isStarted) this.#schedule(ms + graceMs);
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer) this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#dueAt = Infinity;
    let ms = this.#intervalMs;
    try {
      ms = Math.min(ms, await this.#restore());
    } catch (error) {
      this.#parts.logger.debug('Messages whose leases are over could not be restored; trying again', { error });
    }
    this.#isRunning = false;
    this.#schedule(ms);
  }

  /** Resolves to the time until the next one is due, in milliseconds. */
  async #restore(): Promise<number> {
    const { messages, serverClock, restored } = this.#parts;
    await serverClock.compare();
    for (;;) {
      const next = await messages.findOne(
        { lease_until: { $exists: true } },
        { sort: { lease_until: 1 }, projection: { lease_until: 1 } },
      );
      const end = next?.lease_until?.getTime() ?? Infinity;
      const now = serverClock.now();
      if (end > now) return end - now + graceMs;
      const { modifiedCount } = await messages.updateMany({ lease_until: { $lte: new Date(now) } }, makeReady);
      if (modifiedCount > 0) restored();
    }
  }

  #schedule(ms: number): void {
    const { clock } = this.#parts;
    const dueAt = clock.now() + ms;
    // While it runs only the earliest time is kept: it schedules itself in the end.
    if (this.#isStopped || (this.#timer && dueAt >= this.#dueAt)) return;
    this.#dueAt = Math.min(dueAt, this.#dueAt);
    if (this.#isRunning) return;
    if (this.#timer) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = undefined;
        void this.#run();
      },
      Math.max(0, this.#dueAt - clock.now()),
    );
    this.#timer.unref();
  }
}

import type { Clock } from '@kombu/core/spi';
import type { Db } from 'mongodb';

/** How old a comparison of the clocks may be, in milliseconds. */
const freshMs = 60_000;

/** The server's clock, by which all processes measure their leases, however wrong their own clocks are. */
export class ServerClock {
  readonly #database: Db;
  readonly #clock: Clock;
  #aheadMs = 0;
  #comparedAt = Number.NEGATIVE_INFINITY;

  constructor(database: Db, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.#aheadMs;
  }

  /** Asks the server for its time, unless that was done just now. */
  async compare(): Promise<void> {
    const before = this.#clock.now();
    if (before - this.#comparedAt < freshMs && before >= this.#comparedAt) return;
    const { localTime } = await this.#database.command({ hello: 1 });
    const after = this.#clock.now();
    if (localTime instanceof Date) this.#aheadMs = Math.round(localTime.getTime() - (before + after) / 2);
    this.#comparedAt = after;
  }
}

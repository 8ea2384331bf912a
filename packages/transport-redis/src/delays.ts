import { randomBytes } from 'node:crypto';
import type { Clock, ClockTimer, Logger, OutgoingMessage } from '@kombu/core/spi';
import { PublishUncertainError } from '@kombu/core/spi';
import type { KeyTracker, KeyWatcher } from './key-tracker.ts';
import type { Keys, QueueKeys } from './keys.ts';
import { delay } from './scripts/delay.ts';
import { due } from './scripts/due.ts';
import { plan, planned } from './scripts/plan.ts';
import type { Servers } from './servers/servers.ts';

export interface DelaysParts {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly tracker: KeyTracker;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often the plan is read where the server does not tell of its changes, in milliseconds. */
  readonly pollingInterval: number;
}

/** How many queues, and messages of a queue, are looked after in one go. */
const maxPerRun = 100;
/** The longest sleep: a plan that was missed comes to light. */
const longestSleep = 60_000;

/**
 * Messages that are hidden for a while. Kombu on Redis has none, so they are in sorted sets of our own, and any process that is
 * connected moves them into Kombu's lists when they are due: there Python consumers find them too.
 */
export class Delays implements KeyWatcher {
  readonly #parts: DelaysParts;
  /** Equal times are told apart by it and a count. */
  readonly #owner = randomBytes(9).toString('base64url');
  #count = 0;
  #timer: ClockTimer | undefined;
  #isReading = false;
  #isStale = false;
  #stopped = false;

  constructor(parts: DelaysParts) {
    this.#parts = parts;
    parts.tracker.watch([parts.keys.plan], this);
    this.changed();
  }

  /**
   * The plan is written before and after: before, so that a crash cannot leave messages behind that nobody looks for; after,
   * because whoever found the queue empty in between has struck it off.
   */
  async put(keys: QueueKeys, messages: readonly OutgoingMessage[]): Promise<void> {
    const { servers } = this.#parts;
    const args = messages.flatMap(({ payload, priority, delayMs }) => {
      this.#count += 1;
      const number = String(this.#count).padStart(12, '0');
      return [
        delayMs,
        `${this.#parts.keys.steps[this.#parts.keys.listOf(priority)]}:${this.#owner}${number}:${payload}`,
      ];
    });
    const first = Math.min(...messages.map(({ delayMs }) => delayMs));
    await this.note(keys.queue, first);
    await servers.run(delay, [keys.delayed], args);
    await this.note(keys.queue, first).catch((cause: unknown) => {
      throw new PublishUncertainError('The messages are stored, but when they are due could not be noted', { cause });
    });
  }

  /** There is a message in the queue's set that is due in so many milliseconds. */
  async note(queue: string, ms: number): Promise<void> {
    const { servers, keys } = this.#parts;
    await servers.run(plan, [keys.plan], [ms, queue]);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) this.#parts.clock.clearTimeout(this.#timer);
  }

  /** The plan may have changed: it is read, once at a time. */
  changed(): void {
    if (this.#stopped) return;
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    const { servers, keys, logger, pollingInterval } = this.#parts;
    let ms = longestSleep;
    try {
      while (this.#isStale && !this.#stopped) {
        this.#isStale = false;
        const [next, ...queues] = (await servers.run(planned, [keys.plan], [maxPerRun])) as [number, ...string[]];
        await Promise.all(queues.map((queue) => this.#move(keys.queue(queue))));
        if (queues.length > 0) this.#isStale = true;
        ms = next === -1 ? longestSleep : next;
      }
    } catch (error) {
      logger.debug('The plan of delayed messages could not be read; trying again', { error });
      ms = pollingInterval;
    }
    this.#isReading = false;
    this.#sleep(servers.tracks ? ms : Math.min(ms, pollingInterval));
  }

  /** Moves what is due, and notes when the next one is. */
  async #move(keys: QueueKeys): Promise<void> {
    const { servers, keys: all } = this.#parts;
    const run = (): Promise<unknown> =>
      servers.run(due, [keys.delayed, ...keys.lists], [maxPerRun, all.steps.join('')]);
    const next = await run();
    const args = next ? ['ZADD', [all.plan, Number(next), keys.queue]] : ['ZREM', [all.plan, keys.queue]];
    await servers.call({ name: args[0] as string, key: all.plan, args: args[1] as (string | number)[] });
    // Whatever came in between may have found its time noted already, and not noted it again.
    const again = await run();
    if (again) await servers.call({ name: 'ZADD', key: all.plan, args: [all.plan, 'LT', Number(again), keys.queue] });
  }

  #sleep(ms: number): void {
    if (this.#stopped) return;
    const { clock } = this.#parts;
    if (this.#timer) clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.changed(), Math.min(ms, longestSleep) + 1);
    this.#timer.unref();
  }
}

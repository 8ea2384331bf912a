import type { Clock, Logger, StoredMessage } from '@kombu/core/spi';
import { BlockingWaits } from './blocking-waits.ts';
import type { Claim } from './claims.ts';
import type { KeyTracker } from './key-tracker.ts';
import type { Keys, QueueKeys } from './keys.ts';
import type { RedisOptions } from './options.ts';
import { QueueInterest } from './queue-interest.ts';
import type { Servers } from './servers/servers.ts';

export interface QueueWaitsParts {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly tracker: KeyTracker;
  readonly options: RedisOptions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** More queues than this are not remembered unless they are waited for. */
const rememberedQueues = 10_000;

/** Looks into a queue. @param arm The server shall tell of the next change if there is nothing. */
type Look = (arm: boolean) => Promise<readonly StoredMessage<Claim>[]>;

const nothing: readonly StoredMessage<Claim>[] = [];

/** Waits for messages, in one of three ways, and always with an end. */
export class QueueWaits {
  readonly #parts: QueueWaitsParts;
  readonly #interests = new Map<string, QueueInterest>();
  readonly #blocking: BlockingWaits;

  constructor(parts: QueueWaitsParts) {
    this.#parts = parts;
    this.#blocking = new BlockingWaits(parts);
  }

  /** What the first look finds that finds anything; nothing when the time is over or the signal fires. */
  first(keys: QueueKeys, waitMs: number, signal: AbortSignal, look: Look): Promise<readonly StoredMessage<Claim>[]> {
    if (this.#parts.servers.tracks) return this.#firstTracked(keys, waitMs, signal, look);
    // Core asks again by itself, more and more slowly.
    if (this.#parts.options.wakeup === 'polling') return look(false);
    return this.#firstBlocking(keys, waitMs, signal, look);
  }

  forget({ queue, lists }: QueueKeys): void {
    this.#parts.tracker.unwatch(lists);
    this.#interests.get(queue)?.changed();
    this.#interests.delete(queue);
    this.#blocking.forget(queue);
  }

  /** Something came that the server does not tell of. */
  wake(queue: string): void {
    this.#interests.get(queue)?.changed();
  }

  /** Ends all waits. */
  stop(): void {
    for (const interest of this.#interests.values()) interest.changed();
    this.#blocking.stop();
  }

  /** A queue that was empty is not looked into again before the server says that it changed. */
  async #firstTracked(
    keys: QueueKeys,
    waitMs: number,
    signal: AbortSignal,
    look: Look,
  ): Promise<readonly StoredMessage<Claim>[]> {
    const { clock } = this.#parts;
    const end = clock.now() + waitMs;
    do {
      // It may have been forgotten meanwhile, and nobody tells of changes then.
      const interest = this.#interest(keys);
      if (!interest.isQuiet) {
        const { version } = interest;
        const found = await look(true);
        if (found.length > 0) return found;
        interest.foundEmpty(version);
      }
      if (interest.isQuiet && !signal.aborted) await interest.wait(Math.max(1, end - clock.now()), signal);
    } while (clock.now() < end && !signal.aborted);
    return nothing;
  }

  /** Blocking commands see one list each: messages of other priorities are found by looking now and then. */
  async #firstBlocking(
    keys: QueueKeys,
    waitMs: number,
    signal: AbortSignal,
    look: Look,
  ): Promise<readonly StoredMessage<Claim>[]> {
    const { clock } = this.#parts;
    const end = clock.now() + waitMs;
    while (!signal.aborted) {
      const found = await look(false);
      const left = end - clock.now();
      if (found.length > 0 || left <= 0) return found;
      await this.#blocking.wait(keys, left, signal);
    }
    return nothing;
  }

  /** Of queues that nobody waits for it is enough to know nothing. */
  #forgetUnwanted(): void {
    for (const [queue, interest] of this.#interests) if (!interest.isWanted) this.forget(this.#parts.keys.queue(queue));
  }

  #interest(keys: QueueKeys): QueueInterest {
    let interest = this.#interests.get(keys.queue);
    if (!interest) {
      if (this.#interests.size >= rememberedQueues) this.#forgetUnwanted();
      interest = new QueueInterest(this.#parts.clock);
      this.#interests.set(keys.queue, interest);
      this.#parts.tracker.watch(keys.lists, interest);
    }
    return interest;
  }
}

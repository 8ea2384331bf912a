import { AbortedError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { SharedWork } from '../reliability/shared-work.ts';
import type { ConsumeOptions } from '../spi/declarations.ts';
import type { Channel } from './channel.ts';
import type { Place } from './host.ts';
import { maybeDeclare } from './maybe-declare.ts';
import type { QueueFeed } from './queue-feed.ts';
import { Subscription } from './subscription.ts';

/** What the switch of a feed needs of its consumer. */
export interface SwitchParts {
  readonly place: Place;
  readonly channel: Channel;
  /** Declare the queue before consuming from it. */
  readonly autoDeclare: boolean;
  /** What the broker is asked for, as of now. */
  consumeOptions(): ConsumeOptions;
  /** No delivery comes any more: gives back what waits here. */
  stopped(): Promise<void>;
}

/** Starts and stops one queue of a consumer. However fast the calls come, the last one says what is in the end. */
export class FeedSwitch {
  readonly feed: QueueFeed;
  readonly #parts: SwitchParts;
  /** Shared, for two starts at a time would subscribe twice. */
  readonly #start: SharedWork<void> = new SharedWork((signal) => this.#turnOn(signal));
  #stopping: Promise<void> = Promise.resolve();

  constructor(feed: QueueFeed, parts: SwitchParts) {
    this.feed = feed;
    this.#parts = parts;
  }

  /** Resolves when the queue is consumed, or when it was stopped meanwhile. */
  async start(wait: WaitOptions): Promise<void> {
    const owner = this.#parts.place.internals;
    const doing = `Consuming from queue '${this.feed.queue.name}'`;
    this.feed.wanted = true;
    try {
      await this.#start.join(wait, owner.clock, doing, () => owner.lastError);
    } catch (error) {
      if (!this.#start.isRunning) this.feed.wanted = false;
      throw error;
    }
  }

  /** Resolves when no delivery comes any more and what waited here is given back. */
  stop(): Promise<void> {
    this.feed.wanted = false;
    const start = this.#start.stop(new AbortedError(`The consumer of queue '${this.feed.queue.name}' was stopped`));
    this.#stopping = this.#turnOff(Promise.all([start, this.#stopping]));
    return this.#stopping;
  }

  async #turnOn(signal: AbortSignal): Promise<void> {
    const { feed } = this;
    const { place, channel, autoDeclare } = this.#parts;
    const wait = { timeout: Infinity, signal };
    try {
      await this.#stopping;
      if (signal.aborted || feed.subscription?.wanted) return;
      if (autoDeclare) await maybeDeclare(feed.queue, place, wait);
      feed.subscription = new Subscription(this.#parts.consumeOptions(), feed);
      await channel.subscribe(feed.subscription, wait);
    } catch (error) {
      // Stopped, or nobody waits for it any more.
      if (!signal.aborted) throw error;
    }
  }

  async #turnOff(before: Promise<unknown>): Promise<void> {
    await before;
    const { subscription } = this.feed;
    if (subscription) await this.#parts.channel.unsubscribe(subscription);
    await this.#parts.stopped();
  }
}

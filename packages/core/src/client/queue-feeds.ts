import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { TimeBudget } from '../reliability/time-budget.ts';
import type { Channel } from './channel.ts';
import type { ConsumerOptions } from './consumer-options.ts';
import { defaultOperationTimeout } from './control.ts';
import { FeedSwitch } from './feed-switch.ts';
import type { ConsumerHealth, Place } from './host.ts';
import type { Message } from './message.ts';
import type { FeedOwner } from './queue-feed.ts';
import { QueueFeed } from './queue-feed.ts';
import type { Queue } from './queue.ts';

/** What the feeds of a consumer need of it. */
export interface FeedsParts {
  readonly place: Place;
  readonly channel: Channel;
  readonly options: ConsumerOptions;
  /** Who gets the messages. */
  readonly owner: FeedOwner;
  /** Unsettled messages that each queue may have here; 0: no limit. */
  prefetch(): number;
  /** A queue was stopped: gives back what waits of it. */
  stopped(feed: QueueFeed): Promise<void>;
}

/** The queues of a consumer: which there are, which of them are wanted, and what is unsettled. */
export class QueueFeeds {
  readonly #parts: FeedsParts;
  readonly #switches = new Map<string, FeedSwitch>();

  constructor(parts: FeedsParts) {
    this.#parts = parts;
  }

  /** A second queue of the same name is ignored. */
  add(queue: Queue): void {
    if (queue.name !== '' && this.#switches.has(queue.name)) return;
    const { place, channel, options, owner } = this.#parts;
    const { tagPrefix = 'kombu-', accept, noAck = queue.noAck, autoDeclare = true } = options;
    const consumerTag = `${tagPrefix}${randomUUID()}`;
    const feed = new QueueFeed(queue, { consumerTag, noAck, accept }, owner, place.internals);
    const feedSwitch = new FeedSwitch(feed, {
      place,
      channel,
      autoDeclare,
      consumeOptions: () => ({
        queue: queue.name,
        consumerTag,
        noAck,
        exclusive: options.exclusive ?? false,
        prefetch: this.#parts.prefetch(),
        arguments: { ...queue.consumerArguments, ...options.consumerArguments },
      }),
      stopped: () => this.#parts.stopped(feed),
    });
    this.#switches.set(queue.name || consumerTag, feedSwitch);
  }

  /** The queues, by name. */
  get queues(): Map<string, Queue> {
    return new Map([...this.#switches].map(([name, { feed }]) => [name, feed.queue]));
  }

  /** Messages received and not settled. */
  get inFlight(): number {
    let count = 0;
    for (const { feed } of this.#switches.values()) count += feed.inFlight;
    return count;
  }

  get unsettled(): Message[] {
    return this.#all.flatMap(({ unsettled }) => unsettled);
  }

  get anyWanted(): boolean {
    return this.#all.some(({ wanted }) => wanted);
  }

  wants(name: string): boolean {
    return this.#all.some((feed) => feed.queue.name === name && feed.wanted);
  }

  /** Starts what is not started yet, one after the other, until one fails. */
  async start(wait: WaitOptions): Promise<void> {
    const budget = new TimeBudget(wait, this.#clock, defaultOperationTimeout);
    for (const each of this.#switches.values()) await each.start(budget.left);
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#switches.values(), (each) => each.stop()));
  }

  /** Stops the queue of this name and forgets it, unless it is started again meanwhile. */
  async remove(name: string): Promise<void> {
    for (const [key, each] of this.#switches) {
      if (each.feed.queue.name !== name) continue;
      await each.stop();
      if (!each.feed.wanted) this.#switches.delete(key);
    }
  }

  /** Changes the credit of all that are subscribed, or are about to be. */
  async setPrefetch(prefetch: number): Promise<void> {
    for (const { subscription } of this.#all) {
      if (subscription?.wanted) await this.#parts.channel.setPrefetch(subscription, prefetch);
    }
  }

  health(): ConsumerHealth[] {
    return this.#all.map((feed) => feed.health());
  }

  get #all(): QueueFeed[] {
    return Array.from(this.#switches.values(), ({ feed }) => feed);
  }

  get #clock(): Clock {
    return this.#parts.place.internals.clock;
  }
}

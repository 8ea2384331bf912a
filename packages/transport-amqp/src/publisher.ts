import type { Envelope, PublishWaiter, Route } from '@kombu/core/spi';
import { InvalidArgumentError, UnsupportedError } from '@kombu/core/spi';
import { withoutDelayDeaths } from './delay-levels.ts';
import type { DelayedDelivery } from './delayed-delivery.ts';
import type { AmqpOptions } from './options.ts';
import { PublishLane } from './publish-lane.ts';
import type { PublishOwner } from './publish-channel.ts';
import { replyQueue } from './reply-lane.ts';
import type { ReplyLane } from './reply-lane.ts';

/** What publishing needs of the connection and the channel. */
export interface PublisherParts extends PublishOwner {
  readonly options: AmqpOptions;
  readonly delayed: DelayedDelivery;
}

/** Publishes for one channel: with confirms, without, for replies, and with a delay. */
export class Publisher {
  readonly #parts: PublisherParts;
  /** Messages without confirm have a channel of their own: the broker would confirm them on the other all the same. */
  readonly #confirmed: PublishLane;
  readonly #unconfirmed: PublishLane;
  readonly #replies: ReplyLane;

  constructor(parts: PublisherParts, replies: ReplyLane) {
    this.#parts = parts;
    this.#confirmed = new PublishLane(parts, true);
    this.#unconfirmed = new PublishLane(parts, false);
    this.#replies = replies;
  }

  publish(envelope: Envelope, route: Route, waiter: PublishWaiter): void {
    if (route.delay) void this.#publishLater(envelope, route, route.delay, waiter);
    else this.#laneFor(envelope, route).publish(envelope, route, waiter);
  }

  /** Idempotent, never rejects. */
  async close(): Promise<void> {
    await Promise.all([this.#confirmed, this.#unconfirmed, this.#replies].map((lane) => lane.close()));
  }

  #laneFor({ properties }: Envelope, { confirm }: Route): PublishLane | ReplyLane {
    if (properties.replyTo === replyQueue) return this.#replies;
    return confirm ? this.#confirmed : this.#unconfirmed;
  }

  async #publishLater(envelope: Envelope, route: Route, delay: number, waiter: PublishWaiter): Promise<void> {
    const { delayed, options } = this.#parts;
    try {
      checkDelay(envelope, delay);
      const way = await delayed.routeFor(route, delay);
      const headers = withoutDelayDeaths(envelope.headers, options);
      this.#laneFor(envelope, way).publish({ ...envelope, headers }, way, new DelayedPublish(waiter, delayed));
    } catch (error) {
      waiter.failed(error);
    }
  }
}

function checkDelay({ properties }: Envelope, delay: number): void {
  if (!(delay > 0)) throw new InvalidArgumentError(`delay must be a number of milliseconds, not ${delay}`);
  if (properties.expiration === undefined) return;
  throw new UnsupportedError(
    'On RabbitMQ a delayed message cannot have an expiration, which would end its delay: use the messageTtl of the queue',
  );
}

/** A refusal may mean that somebody deleted what delayed messages pass through. */
class DelayedPublish implements PublishWaiter {
  readonly #waiter: PublishWaiter;
  readonly #delayed: DelayedDelivery;

  constructor(waiter: PublishWaiter, delayed: DelayedDelivery) {
    this.#waiter = waiter;
    this.#delayed = delayed;
  }

  published(guarantee: Parameters<PublishWaiter['published']>[0]): void {
    this.#waiter.published(guarantee);
  }

  failed(error: unknown): void {
    this.#delayed.forget();
    this.#waiter.failed(error);
  }
}

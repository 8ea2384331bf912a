import type { ChannelEvents, ConsumeOptions, Envelope, PublishWaiter, Route } from '@kombu/core/spi';
import { ChannelError, InvalidArgumentError, PreconditionFailedError } from '@kombu/core/spi';
import { ChannelLife } from './channel-life.ts';
import type { Publish } from './confirms.ts';
import { makeDelivery } from './delivery.ts';
import { PublishChannel } from './publish-channel.ts';
import type { PublishOwner } from './publish-channel.ts';
import { closedError, judge } from './publish-failures.ts';
import type { ContentSink } from './wire/content-reader.ts';

type Delivered = Parameters<NonNullable<ContentSink['delivered']>>;

/** RabbitMQ's pseudo queue: replies go to the channel that sent the request, and nothing is stored. */
export const replyQueue = 'amq.rabbitmq.reply-to';

/**
 * Requests whose replies come to the pseudo queue, and its consumer: RabbitMQ wants both on one AMQP channel, which lives as
 * long as the consumer. Its end is the end of the consumer, for the replies that are on their way are lost with it.
 */
export class ReplyLane {
  readonly #owner: PublishOwner;
  readonly #events: ChannelEvents;
  #consumer: ConsumeOptions | undefined;
  #open: PublishChannel | undefined;

  constructor(owner: PublishOwner, events: ChannelEvents) {
    this.#owner = owner;
    this.#events = events;
  }

  has(consumerTag: string): boolean {
    return this.#consumer?.consumerTag === consumerTag;
  }

  /** When the broker was last heard of. */
  get lastReadAt(): number | undefined {
    return this.#open?.socket.lastReadAt;
  }

  async consume(options: ConsumeOptions): Promise<void> {
    if (!options.noAck)
      throw new InvalidArgumentError(`Messages of ${replyQueue} cannot be acked: consume it with noAck`);
    if (this.#consumer)
      throw new PreconditionFailedError(`There is a consumer of ${replyQueue} on this channel already`);
    this.#consumer = options;
    try {
      const open = await this.#subscribe(options);
      if (this.#consumer === options) this.#open = open;
      else await open.close();
    } catch (error) {
      if (this.#consumer === options) this.#consumer = undefined;
      throw error;
    }
    if (this.#consumer !== options) throw closedError('The channel');
  }

  publish(envelope: Envelope, route: Route, waiter: PublishWaiter): void {
    if (this.#open) this.#open.send({ envelope, route, waiter, flushes: 0, isReturned: false });
    else
      waiter.failed(new PreconditionFailedError(`Replies to ${replyQueue} need a consumer of it, on the same channel`));
  }

  /** Ends the consumer. Idempotent, never rejects. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#consumer = this.#open = undefined;
    await open?.close();
  }

  async #subscribe(options: ConsumeOptions): Promise<PublishChannel> {
    const open = await PublishChannel.open(this.#owner, {
      isConfirmed: true,
      ended: (refusal, left) => this.#ended(open, refusal, left),
      delivered: (...message) => this.#delivered(options, open, message),
    });
    const life = new ChannelLife(open.inner, open.socket);
    try {
      // RabbitMQ never cancels this consumer.
      await life.call((inner) =>
        inner.consume(replyQueue, () => {}, { consumerTag: options.consumerTag, noAck: true }),
      );
      if (life.isOver) throw await life.whyOver();
      return open;
    } catch (error) {
      await open.close();
      throw error;
    }
  }

  #delivered(options: ConsumeOptions, { socket }: PublishChannel, [fields, header, body]: Delivered): void {
    const delivery = makeDelivery(fields, options, header, body, socket.texts);
    // Its number would be that of another message on the channel for consuming.
    this.#events.delivery({ ...delivery, deliveryTag: `reply ${fields.deliveryTag}` });
  }

  #ended(open: PublishChannel, refusal: Error | undefined, left: readonly Publish[]): void {
    const consumer = this.#open === open ? this.#consumer : undefined;
    if (consumer) this.#open = this.#consumer = undefined;
    if (!refusal) return;
    const { failed, untouched } = judge(refusal, left);
    const error = new ChannelError(
      `The message was not sent: RabbitMQ closed the channel for another one: ${refusal.message}`,
      { cause: refusal },
    );
    for (const { waiter } of untouched) waiter.failed(error);
    for (const { publish, error: reason } of failed) publish.waiter.failed(reason);
    if (consumer) this.#events.cancelled(consumer.consumerTag, refusal);
  }
}

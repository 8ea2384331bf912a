import type {
  BindingDeclaration,
  ChannelEvents,
  ConsumeOptions,
  ConsumeResult,
  Delivery,
  DeliveryTag,
  Envelope,
  ExchangeDeclaration,
  PublishGuarantee,
  PublishWaiter,
  QueueDeclaration,
  QueueInfo,
  Route,
  SettleOutcome,
  TransportChannel,
} from '@kombu/core/spi';
import { InvalidArgumentError } from '@kombu/core/spi';
import type { ReplyFrame } from './client.ts';
import type { ChannelLife } from './channel-life.ts';
import { closeChannel } from './close-channel.ts';
import { Consumers, checkPrefetch } from './consumers.ts';
import { bind, declareExchange, declareQueue, unbind } from './declarations.ts';
import type { FleetingQueues } from './fleeting-queues.ts';
import { Getter } from './getter.ts';
import { Publisher } from './publisher.ts';
import type { PublisherParts } from './publisher.ts';
import { ReplyLane, replyQueue } from './reply-lane.ts';
import { Settlements } from './settlements.ts';
import { ContentReader } from './wire/content-reader.ts';
import { basicRecover } from './wire/methods.ts';

/** What a channel needs of its connection. */
export interface ChannelParts extends Omit<PublisherParts, 'returned'> {
  readonly fleeting: FleetingQueues;
}

/**
 * A channel of core. It is one channel of AMQP, on the socket for consuming, for all but publishing, which has channels of its
 * own on the other socket: what ends those costs no consumer.
 */
export class AmqpChannel implements TransportChannel {
  readonly #events: ChannelEvents;
  readonly #parts: ChannelParts;
  readonly #life: ChannelLife;
  readonly #settlements: Settlements;
  readonly #consumers: Consumers;
  readonly #getter: Getter;
  readonly #replies: ReplyLane;
  readonly #publisher: Publisher;
  #closing: Promise<void> | undefined;

  constructor(life: ChannelLife, events: ChannelEvents, parts: ChannelParts) {
    this.#events = events;
    this.#parts = parts;
    this.#life = life;
    this.#settlements = new Settlements(life, parts.clock, () => this.#consumers.handOut());
    this.#consumers = new Consumers(life, this.#settlements, events);
    const owner = { ...parts, returned: events.returned.bind(events) };
    this.#replies = new ReplyLane(owner, events);
    this.#publisher = new Publisher(owner, this.#replies);
    const reader = new ContentReader(this.#consumers, life.socket.texts);
    this.#getter = new Getter(life, reader, this.#settlements);
    life.socket.attach(life.inner, reader);
    void life.ended.then((reason) => this.#ended(reason));
  }

  /** Resolves when the channel is over, in whatever way. */
  get ended(): Promise<Error | undefined> {
    return this.#life.ended;
  }

  /** For the connection: the broker's word on whether it takes publishes. */
  flow(isBlocked: boolean, reason: string | undefined): void {
    this.#events.flow(isBlocked, reason);
  }

  declareExchange(exchange: ExchangeDeclaration): Promise<void> {
    return this.#life.call((inner) => declareExchange(inner, exchange));
  }

  async deleteExchange(name: string, options: { readonly ifUnused: boolean }): Promise<void> {
    await this.#life.call((inner) => inner.deleteExchange(name, options));
  }

  async declareQueue(queue: QueueDeclaration): Promise<QueueInfo> {
    const info = await this.#life.call((inner) => declareQueue(inner, queue));
    this.#parts.fleeting.declared(queue);
    return info;
  }

  async deleteQueue(name: string, options: { readonly ifUnused: boolean; readonly ifEmpty: boolean }): Promise<number> {
    const { messageCount } = await this.#life.call((inner) => inner.deleteQueue(name, options));
    this.#parts.fleeting.deleted(name);
    return messageCount;
  }

  async purgeQueue(name: string): Promise<number> {
    return (await this.#life.call((inner) => inner.purgeQueue(name))).messageCount;
  }

  bind(binding: BindingDeclaration): Promise<void> {
    return this.#life.call((inner) => bind(inner, binding));
  }

  unbind(binding: BindingDeclaration): Promise<void> {
    return this.#life.call((inner) => unbind(inner, binding));
  }

  publish(envelope: Envelope, route: Route): Promise<PublishGuarantee> {
    return new Promise((resolve, reject) => {
      this.publishFor(envelope, route, { published: resolve, failed: reject });
    });
  }

  publishFor(envelope: Envelope, route: Route, waiter: PublishWaiter): void {
    if (this.#life.isOver) void this.#life.whyOver().then((error) => waiter.failed(error));
    else this.#publisher.publish(envelope, route, waiter);
  }

  get(
    queue: string,
    { noAck }: { readonly noAck: boolean },
  ): Promise<(Delivery & { readonly messageCount?: number }) | undefined> {
    return this.#getter.get(queue, noAck);
  }

  async consume(options: ConsumeOptions): Promise<ConsumeResult> {
    const { queue, consumerTag } = options;
    if (this.#life.isOver) throw await this.#life.whyOver();
    this.#checkTag(consumerTag);
    const isForReplies = queue === replyQueue;
    await (isForReplies ? this.#replies : this.#consumers).consume(options);
    return { ephemeral: isForReplies || this.#parts.fleeting.has(queue) };
  }

  cancel(consumerTag: string): Promise<void> {
    return this.#replies.has(consumerTag) ? this.#replies.close() : this.#consumers.cancel(consumerTag);
  }

  async setPrefetch(consumerTag: string, prefetch: number): Promise<void> {
    checkPrefetch(prefetch);
    // Without acks there is no credit.
    if (!this.#replies.has(consumerTag)) await this.#consumers.setPrefetch(consumerTag, prefetch);
  }

  ack(tag: DeliveryTag, options?: { readonly multiple?: boolean }): Promise<SettleOutcome> {
    return this.#settlements.ack(tag, options?.multiple === true);
  }

  reject(tag: DeliveryTag, options: { readonly requeue: boolean; readonly delay?: number }): Promise<SettleOutcome> {
    return this.#settlements.reject(tag, options);
  }

  /** The broker requeues what it counts as unacked at its answer, deliveries that crossed the request included. */
  recover(): Promise<void> {
    if (!this.#life.isOver) this.#settlements.startRecovery();
    return this.#life.call(
      (inner) =>
        new Promise((resolve, reject) => {
          inner.sendOrEnqueue(basicRecover, { requeue: true }, (error) => {
            if (error !== null) return reject(asError(error));
            this.#consumers.loseAll();
            this.#settlements.loseAll();
            resolve();
          });
        }),
    );
  }

  lastReadAt(consumerTag: string): number | undefined {
    if (this.#replies.has(consumerTag)) return this.#replies.lastReadAt;
    return this.#consumers.has(consumerTag) ? this.#life.socket.lastReadAt : undefined;
  }

  /** Acks go out first; what is unsettled then, the broker puts back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** RabbitMQ makes up a tag for an empty one, and closes the whole connection for one that is taken. */
  #checkTag(consumerTag: string): void {
    if (consumerTag === '') throw new InvalidArgumentError('The tag of a consumer cannot be empty');
    if (!this.#consumers.has(consumerTag) && !this.#replies.has(consumerTag)) return;
    throw new InvalidArgumentError(`There is a consumer with the tag '${consumerTag}' on this channel already`);
  }

  async #close(): Promise<void> {
    const published = this.#publisher.close();
    if (!this.#life.isOver) {
      this.#settlements.close();
      this.#life.startClosing();
      await closeChannel(this.#life.inner, this.#parts.clock);
    }
    await published;
  }

  #ended(reason: Error | undefined): void {
    this.#settlements.stop();
    void this.#publisher.close();
    this.#events.closed(reason);
  }
}

function asError(error: Error | ReplyFrame): Error {
  return 'fields' in error ? new Error('Channel closed by server') : error;
}

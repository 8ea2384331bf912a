import {
  InvalidArgumentError,
  KombuError,
  NotFoundError,
  PreconditionFailedError,
} from '../errors.ts';
import type {
  BindingDeclaration,
  ConsumeOptions,
  ExchangeDeclaration,
  QueueDeclaration,
  QueueInfo,
} from '../spi/declarations.ts';
import type { Delivery, DeliveryTag, Envelope, PublishGuarantee, Route, SettleOutcome } from '../spi/envelope.ts';
import type { ChannelEvents, TransportChannel } from '../spi/transport.ts';
import type { Administration } from './administration.ts';
import { VirtualConsumer } from './consumer.ts';
import { Intake } from './intake.ts';
import { closedError, type VirtualLink } from './link.ts';
import type { Publisher } from './publisher.ts';
import { delayRefusal } from './refusals.ts';
import type { Settler } from './settler.ts';
import { Unacked, type UnackedDelivery } from './unacked.ts';

/** What all channels of one connection share. */
export interface ChannelParts {
  readonly link: VirtualLink;
  readonly publisher: Publisher;
  readonly settler: Settler;
  readonly administration: Administration;
  /** Something is leased now that has to be renewed. */
  leased(): void;
  /** The channel is closed. */
  closed(channel: VirtualChannel): void;
}

const lost: Promise<SettleOutcome> = Promise.resolve('lease-lost');

/** A channel over a store. */
export class VirtualChannel implements TransportChannel {
  readonly unacked: Unacked = new Unacked();
  readonly #parts: ChannelParts;
  readonly #link: VirtualLink;
  readonly #events: ChannelEvents;
  readonly #intake: Intake;
  readonly #consumers = new Map<string, VirtualConsumer>();
  #ended: KombuError | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: ChannelParts, events: ChannelEvents, number: number) {
    this.#parts = parts;
    this.#link = parts.link;
    this.#events = events;
    this.#intake = new Intake(parts.link, parts.settler, this.unacked, number, () => parts.leased());
  }

  async declareExchange(exchange: ExchangeDeclaration): Promise<void> {
    this.#assertOpen();
    this.#parts.administration.declareExchange(exchange);
  }

  async deleteExchange(name: string, { ifUnused }: { readonly ifUnused: boolean }): Promise<void> {
    this.#assertOpen();
    await this.#parts.administration.deleteExchange(name, ifUnused);
  }

  async declareQueue(queue: QueueDeclaration): Promise<QueueInfo> {
    this.#assertOpen();
    return this.#parts.administration.declareQueue(queue);
  }

  async deleteQueue(
    name: string,
    options: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
  ): Promise<number> {
    this.#assertOpen();
    return this.#parts.administration.deleteQueue(name, options);
  }

  async purgeQueue(name: string): Promise<number> {
    this.#assertOpen();
    return this.#parts.administration.purgeQueue(name);
  }

  async bind(binding: BindingDeclaration): Promise<void> {
    this.#assertOpen();
    await this.#parts.administration.bind(binding);
  }

  async unbind(binding: BindingDeclaration): Promise<void> {
    this.#assertOpen();
    await this.#parts.administration.unbind(binding);
  }

  publish(envelope: Envelope, route: Route): Promise<PublishGuarantee> {
    return this.#ended ? Promise.reject(this.#ended) : this.#parts.publisher.publish(envelope, route);
  }

  async get(queue: string, { noAck }: { readonly noAck: boolean }): Promise<Delivery | undefined> {
    this.#assertOpen();
    await this.#parts.administration.assertQueue(queue);
    for (;;) {
      this.#link.topology.queue(queue)?.touch();
      const batch = this.#intake.batch(queue, noAck, undefined);
      const [stored] = await this.#link.control(`Reading from the queue ${JSON.stringify(queue)}`, (store) =>
        store.get(queue, { max: 1, waitMs: 0, noAck, signal: this.#link.ended }),
      );
      if (!stored) return undefined;
      if (this.#ended) {
        await this.#parts.settler.giveBack(batch, [stored]);
        throw this.#ended;
      }
      const delivery = this.#intake.take(stored, batch);
      if (delivery) return delivery;
    }
  }

  async consume(options: ConsumeOptions): Promise<void> {
    const { queue, consumerTag, prefetch } = options;
    this.#assertOpen();
    if (!(Number.isSafeInteger(prefetch) && prefetch >= 0)) {
      throw new InvalidArgumentError(`A prefetch is an integer from 0 on, not ${String(prefetch)}`);
    }
    await this.#parts.administration.assertQueue(queue);
    this.#assertOpen();
    if (this.#consumers.has(consumerTag)) {
      throw new PreconditionFailedError(`The consumer tag ${JSON.stringify(consumerTag)} is in use on this channel`);
    }
    const consumer = new VirtualConsumer(options, {
      link: this.#link,
      intake: this.#intake,
      settler: this.#parts.settler,
      events: this.#events,
      ended: () => this.#consumers.delete(consumerTag),
    });
    this.#link.topology.addConsumer(queue, consumer);
    this.#consumers.set(consumerTag, consumer);
    consumer.start();
  }

  async cancel(consumerTag: string): Promise<void> {
    const consumer = this.#consumers.get(consumerTag);
    if (!consumer) return;
    this.#consumers.delete(consumerTag);
    await this.#stop(consumer);
  }

  async setPrefetch(consumerTag: string, prefetch: number): Promise<void> {
    this.#assertOpen();
    const consumer = this.#consumers.get(consumerTag);
    if (!consumer) {
      throw new NotFoundError(`There is no consumer ${JSON.stringify(consumerTag)} on this channel`);
    }
    consumer.prefetch = prefetch;
  }

  ack(tag: DeliveryTag, options?: { readonly multiple?: boolean }): Promise<SettleOutcome> {
    if (options?.multiple) return this.#ackThrough(String(tag));
    const delivery = this.unacked.take(tag as string);
    if (!delivery) return this.#unknown(tag);
    const outcome = this.#parts.settler.ack(delivery.queue, delivery.receipt);
    // The next read may overtake the ack: nobody else can get this message any more.
    delivery.batch.consumer?.settled();
    return outcome;
  }

  reject(
    tag: DeliveryTag,
    { requeue, delay = 0 }: { readonly requeue: boolean; readonly delay?: number },
  ): Promise<SettleOutcome> {
    const refusal = delayRefusal(delay, this.#link.capabilities);
    if (refusal) return Promise.reject(refusal);
    const delivery = this.unacked.take(tag as string);
    if (!delivery) return this.#unknown(tag);
    const { settler } = this.#parts;
    const { queue, receipt, batch } = delivery;
    const settled = requeue
      ? settler.requeue(delivery, delay)
      : settler.discard(delivery, receipt, batch.declared, 'rejected');
    void queue;
    return this.#freeing(delivery, settled);
  }

  async recover(): Promise<void> {
    this.#assertOpen();
    await this.#requeueAll(new KombuError('The delivery was given back by `recover`', { code: 'MESSAGE_STATE' }));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The link broke: everything ends at once. */
  fail(error: KombuError): void {
    if (this.#ended) return;
    this.#ended = error;
    for (const consumer of this.#consumers.values()) {
      void consumer.stop();
      this.#link.topology.removeConsumer(consumer.queue, consumer);
    }
    this.#consumers.clear();
    for (const delivery of this.unacked.takeAll()) delivery.lose(error);
    this.#events.closed(error);
  }

  /** The lease of this delivery is gone. */
  lose(delivery: UnackedDelivery, reason: KombuError): void {
    this.unacked.lose(delivery, reason);
    delivery.batch.consumer?.settled();
  }
}

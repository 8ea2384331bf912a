import type { KombuError } from '../errors.ts';
import { ConnectionError, MessageStateError, PreconditionFailedError } from '../errors.ts';
import type {
  BindingDeclaration,
  ConsumeOptions,
  ConsumeResult,
  ExchangeDeclaration,
  QueueDeclaration,
  QueueInfo,
} from '../spi/declarations.ts';
import type { Delivery, DeliveryTag, Envelope, PublishGuarantee, Route, SettleOutcome } from '../spi/envelope.ts';
import type { ChannelEvents, PublishWaiter, TransportChannel } from '../spi/transport.ts';
import type { Administration } from './administration.ts';
import { ClosingTime } from '../reliability/closing-time.ts';
import { Consumers } from './consumers.ts';
import { Intake } from './intake.ts';
import type { VirtualLink } from './link.ts';
import type { Publisher } from './publisher.ts';
import { assertConsumable, assertPrefetch, delayRefusal } from './refusals.ts';
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
  readonly unacked: Unacked;
  readonly #parts: ChannelParts;
  readonly #link: VirtualLink;
  readonly #events: ChannelEvents;
  readonly #intake: Intake;
  readonly #consumers: Consumers;
  #ended: KombuError | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: ChannelParts, events: ChannelEvents) {
    this.#parts = parts;
    this.#link = parts.link;
    this.#events = events;
    this.unacked = new Unacked(() => parts.link.nextTag());
    this.#intake = new Intake(parts.link, parts.settler, this.unacked, () => parts.leased());
    this.#consumers = new Consumers({ ...parts, intake: this.#intake, events });
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

  async deleteQueue(name: string, options: { readonly ifUnused: boolean; readonly ifEmpty: boolean }): Promise<number> {
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
    return new Promise((published, failed) => this.publishFor(envelope, route, { published, failed }));
  }

  publishFor(envelope: Envelope, route: Route, waiter: PublishWaiter): void {
    if (this.#ended) waiter.failed(this.#ended);
    else this.#parts.publisher.publish(envelope, route, waiter);
  }

  async get(queue: string, { noAck }: { readonly noAck: boolean }): Promise<Delivery | undefined> {
    this.#assertOpen();
    await this.#parts.administration.assertQueue(queue);
    for (;;) {
      this.#link.topology.queue(queue)?.touch();
      const batch = this.#intake.batch(queue, noAck, undefined);
      const [stored] = await this.#link.answered(`Reading from the queue ${JSON.stringify(queue)}`, (store) =>
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

  async consume(options: ConsumeOptions): Promise<ConsumeResult | void> {
    this.#assertOpen();
    assertConsumable(options);
    const { queue } = options;
    await this.#parts.administration.assertQueue(queue);
    const doing = `Subscribing to the queue ${JSON.stringify(queue)}`;
    const result =
      this.#link.store.subscribe && (await this.#link.control(doing, async (store) => store.subscribe?.(queue)));
    this.#assertOpen();
    this.#consumers.start(options);
    return result;
  }

  lastReadAt(consumerTag: string): number | undefined {
    return this.#consumers.lastReadAt(consumerTag);
  }

  cancel(consumerTag: string): Promise<void> {
    return this.#consumers.cancel(consumerTag);
  }

  async setPrefetch(consumerTag: string, prefetch: number): Promise<void> {
    this.#assertOpen();
    assertPrefetch(prefetch);
    this.#consumers.setPrefetch(consumerTag, prefetch);
  }

  ack(tag: DeliveryTag, options?: { readonly multiple?: boolean }): Promise<SettleOutcome> {
    if (options?.multiple) return this.#ackThrough(tag);
    const delivery = this.unacked.take(tag);
    if (!delivery) return this.#unknown(tag);
    const outcome = this.#ack(delivery);
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
    const delivery = this.unacked.take(tag);
    if (!delivery) return this.#unknown(tag);
    const settled = requeue ? this.#requeue(delivery, delay) : this.#discard(delivery);
    // Only then: with a prefetch of 1 the message that goes back has to be the next to come.
    return settled.finally(() => delivery.batch.consumer?.settled());
  }

  async recover(): Promise<void> {
    this.#assertOpen();
    await this.#requeueAll(new MessageStateError('The delivery was given back by `recover`'));
  }

  close(): Promise<void> {
    return this.closeWithin(new ClosingTime(this.#link.clock, this.#link.logger));
  }

  /** Stops asking, gives back what is not settled, and goes. Never rejects. */
  closeWithin(time: ClosingTime): Promise<void> {
    this.#closing ??= this.#close(time);
    return this.#closing;
  }

  /** The link broke: everything ends at once. */
  fail(error: KombuError): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#consumers.forsake();
    for (const delivery of this.unacked.takeAll()) delivery.lose(error);
    this.#events.closed(error);
  }

  async #close(time: ClosingTime): Promise<void> {
    if (this.#ended) return;
    const closed = new ConnectionError('The channel was closed', { code: 'CLOSED' });
    this.#ended = closed;
    await this.#consumers.stopAll(time, () =>
      time.step('Giving back the unsettled messages of a channel', () => this.#requeueAll(closed)),
    );
    this.#parts.closed(this);
    // The link may have broken meanwhile, which was told already.
    if (this.#ended === closed) this.#events.closed();
  }

  /** Here and below: a receipt is not settled while it is being renewed. */
  #ack({ queue, receipt, renewal }: UnackedDelivery): Promise<SettleOutcome> {
    const { settler } = this.#parts;
    return renewal ? renewal.then(() => settler.ack(queue, receipt)) : settler.ack(queue, receipt);
  }

  async #requeue(delivery: UnackedDelivery, delay: number): Promise<SettleOutcome> {
    if (delivery.renewal) await delivery.renewal;
    return this.#parts.settler.requeue(delivery, delay);
  }

  async #discard(delivery: UnackedDelivery): Promise<SettleOutcome> {
    if (delivery.renewal) await delivery.renewal;
    return this.#parts.settler.discard(delivery, delivery.receipt, delivery.batch.declared, 'rejected');
  }

  async #ackThrough(tag: DeliveryTag): Promise<SettleOutcome> {
    const deliveries = this.unacked.takeThrough(tag);
    if (deliveries.length === 0) return this.#unknown(tag);
    const outcomes = deliveries.map((delivery) => this.#ack(delivery));
    for (const { batch } of deliveries) batch.consumer?.settled();
    return (await Promise.all(outcomes)).includes('lease-lost') ? 'lease-lost' : 'ok';
  }

  async #requeueAll(reason: KombuError): Promise<void> {
    const deliveries = this.unacked.values();
    for (const delivery of deliveries) this.unacked.lose(delivery, reason);
    // Released newest first, they end up in their old order; copies go to the end of the queue, oldest first.
    if (this.#link.store.release) deliveries.reverse();
    const requeued = await Promise.allSettled(deliveries.map((each) => this.#requeue(each, 0)));
    for (const { batch } of deliveries) batch.consumer?.settled();
    const failed = requeued.filter((result) => result.status === 'rejected');
    if (failed.length === 0) return;
    this.#link.logger.error(
      `${failed.length} unsettled messages could not be given back; they come back when their lease ends`,
      {
        error: failed[0]?.reason as unknown,
      },
    );
  }

  #unknown(tag: DeliveryTag): Promise<SettleOutcome> {
    // Whatever it was, it is no longer ours: it went back, or comes back when its lease ends.
    if (this.#ended || this.unacked.wasLost(tag)) return lost;
    return Promise.reject(
      new PreconditionFailedError(
        `No delivery with the tag ${JSON.stringify(tag)} waits to be settled on this channel`,
      ),
    );
  }

  #assertOpen(): void {
    if (this.#ended) throw this.#ended;
  }
}

import type { ConsumeOptions, ChannelEvents } from '@kombu/core/spi';
import { InvalidArgumentError, UnsupportedError, errorOf } from '@kombu/core/spi';
import type { ChannelLife } from './channel-life.ts';
import { AmqpConsumer } from './consumer.ts';
import { makeDelivery } from './delivery.ts';
import type { Settlements } from './settlements.ts';
import type { DeliverFields } from './wire/content-reader.ts';
import { typedTable } from './wire/typed-table.ts';

/** The field has 16 bits. */
const maxPrefetch = 65_535;

/** The consumers of a channel. */
export class Consumers {
  readonly #life: ChannelLife;
  readonly #settlements: Settlements;
  readonly #events: ChannelEvents;
  readonly #byTag = new Map<string, AmqpConsumer>();
  readonly #byBrokerTag = new Map<string, AmqpConsumer>();
  /** Those for whom deliveries wait. */
  readonly #full = new Set<AmqpConsumer>();

  constructor(life: ChannelLife, settlements: Settlements, events: ChannelEvents) {
    this.#life = life;
    this.#settlements = settlements;
    this.#events = events;
  }

  has(consumerTag: string): boolean {
    return this.#byTag.has(consumerTag);
  }

  async consume(options: ConsumeOptions): Promise<void> {
    const { consumerTag } = options;
    checkPrefetch(options.prefetch);
    const consumer = new AmqpConsumer(options);
    this.#byTag.set(consumerTag, consumer);
    const subscribed = this.#subscribe(consumer, consumerTag);
    consumer.turn = subscribed.catch(() => {});
    try {
      await subscribed;
    } catch (error) {
      this.#forget(consumer);
      throw error;
    }
  }

  /** Joins a cancel under way; resolves for a consumer that is not there. */
  cancel(consumerTag: string): Promise<void> {
    const consumer = this.#byTag.get(consumerTag);
    if (!consumer) return Promise.resolve();
    consumer.cancelling ??= this.#cancel(consumer);
    return consumer.cancelling;
  }

  /**
   * RabbitMQ fixes the credit of a consumer when it starts. So another one takes its place, with the new credit, before the
   * old one goes: in between, and while deliveries to the old one are unsettled, what comes beyond the limit waits here.
   */
  setPrefetch(consumerTag: string, prefetch: number): Promise<void> {
    const consumer = this.#byTag.get(consumerTag);
    if (!consumer)
      return Promise.reject(errorOf('INVALID_ARGUMENT', `There is no consumer with the tag '${consumerTag}'`));
    const change = consumer.turn.then(() => this.#change(consumer, prefetch));
    consumer.turn = change.catch(() => {});
    return change;
  }

  /** For the reader of the channel. */
  delivered(fields: DeliverFields, header: Buffer, body: Buffer): void {
    const consumer = this.#byBrokerTag.get(fields.consumerTag);
    if (!consumer) return this.#returnToSender(fields);
    const { options } = consumer;
    this.#settlements.add(fields.deliveryTag, options.noAck ? undefined : consumer);
    const delivery = makeDelivery(fields, options, header, body, this.#life.socket.texts);
    if (options.noAck || consumer.mayHandOut(delivery)) this.#events.delivery(delivery);
    else this.#full.add(consumer);
  }

  /** Hands out what waits, as far as there is credit. */
  handOut(): void {
    if (this.#full.size === 0) return;
    for (const consumer of this.#full) {
      for (let next = consumer.nextWaiting(); next; next = consumer.nextWaiting()) this.#events.delivery(next);
      if (!consumer.hasWaiting) this.#full.delete(consumer);
    }
  }

  /** The broker took all unsettled deliveries back; those that wait here are among them. */
  loseAll(): void {
    for (const consumer of this.#full) consumer.takeWaiting();
    this.#full.clear();
  }

  #subscribe(consumer: AmqpConsumer, brokerTag: string): Promise<void> {
    const { queue, noAck, exclusive, arguments: args } = consumer.options;
    const cancelled = (message: unknown): void => {
      if (message === null) this.#cancelledByBroker(consumer);
    };
    this.#byBrokerTag.set(brokerTag, consumer);
    return this.#life.call(async (inner) => {
      const options = { consumerTag: brokerTag, noAck, exclusive, arguments: typedTable(args) };
      // In one go, so that no other consumer comes between and takes this credit.
      await Promise.all([inner.prefetch(consumer.limit, false), inner.consume(queue, cancelled, options)]);
    });
  }

  async #cancel(consumer: AmqpConsumer): Promise<void> {
    await consumer.turn;
    // Its consume failed, or the broker was faster.
    if (this.#byTag.get(consumer.options.consumerTag) !== consumer) return;
    await this.#life.call((inner) => inner.cancel(consumer.brokerTag));
    this.#forget(consumer);
  }

  async #change(consumer: AmqpConsumer, prefetch: number): Promise<void> {
    const { noAck, exclusive, arguments: args } = consumer.options;
    if (this.#byTag.get(consumer.options.consumerTag) !== consumer || consumer.cancelling) return;
    if (args['x-stream-offset'] !== undefined) {
      throw new UnsupportedError(
        'The prefetch of a consumer of a stream cannot change: it would start at its offset again',
      );
    }
    consumer.limit = prefetch;
    if (noAck) return;
    const [old, next] = [consumer.brokerTag, consumer.nextBrokerTag()];
    if (!exclusive) await this.#subscribe(consumer, next);
    await this.#life.call((inner) => inner.cancel(old));
    // Two exclusive consumers cannot be, not even for a moment.
    if (exclusive) await this.#subscribe(consumer, next);
    this.#byBrokerTag.delete(old);
    consumer.brokerTag = next;
    this.handOut();
  }

  #cancelledByBroker(consumer: AmqpConsumer): void {
    const { consumerTag, queue } = consumer.options;
    if (this.#byTag.get(consumerTag) !== consumer) return;
    this.#forget(consumer);
    if (consumer.cancelling) return;
    const reason = errorOf(
      'NOT_FOUND',
      `RabbitMQ cancelled the consumer: queue '${queue}' was deleted or has lost its node`,
    );
    this.#events.cancelled(consumerTag, reason);
  }

  #forget(consumer: AmqpConsumer): void {
    this.#byTag.delete(consumer.options.consumerTag);
    for (const [tag, one] of this.#byBrokerTag) if (one === consumer) this.#byBrokerTag.delete(tag);
    this.#full.delete(consumer);
    for (const { deliveryTag } of consumer.takeWaiting()) this.#settlements.giveBack(deliveryTag);
  }

  #returnToSender({ deliveryTag }: DeliverFields): void {
    this.#settlements.add(deliveryTag, { unsettled: 0 });
    this.#settlements.giveBack(deliveryTag);
  }
}

/** @throws InvalidArgumentError for what the protocol has no room for. */
export function checkPrefetch(prefetch: number): void {
  if (Number.isInteger(prefetch) && prefetch >= 0 && prefetch <= maxPrefetch) return;
  throw new InvalidArgumentError(
    `The prefetch must be an integer from 0 (no limit) up to ${maxPrefetch}, not ${prefetch}`,
  );
}

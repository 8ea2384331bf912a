import type {
  BindingDeclaration,
  ChannelEvents,
  ConsumeOptions,
  Delivery,
  DeliveryTag,
  Envelope,
  ErrorCode,
  ExchangeDeclaration,
  PublishGuarantee,
  QueueDeclaration,
  QueueInfo,
  Route,
  SettleOutcome,
  TransportChannel,
} from '@kombu/core/spi';
import type { StrictBroker, StrictConsumer, StrictLink, StrictQueue } from './strict-broker.ts';
import { BrokerError } from './strict-error.ts';

/** A message in a queue. */
export interface StoredEnvelope {
  readonly envelope: Envelope;
  readonly exchange: string;
  readonly routingKey: string;
  readonly sequence: number;
  readonly deliveries: number;
}

interface Unsettled {
  readonly queue: string;
  readonly message: StoredEnvelope;
  readonly consumer: StrictConsumer | undefined;
}

/** A channel of a {@link StrictBroker}. */
export class StrictChannel implements TransportChannel {
  readonly events: ChannelEvents;
  readonly consumers: Map<string, StrictConsumer> = new Map();
  readonly unsettled: Map<number, Unsettled> = new Map();
  readonly #broker: StrictBroker;
  readonly #link: StrictLink;
  #tags = 0;
  #over: Error | undefined;

  constructor(broker: StrictBroker, link: StrictLink, events: ChannelEvents) {
    this.#broker = broker;
    this.#link = link;
    this.events = events;
  }

  async declareExchange(exchange: ExchangeDeclaration): Promise<void> {
    this.#did(`declareExchange ${exchange.name}`);
    const known = this.#broker.exchanges.get(exchange.name);
    if (!known && exchange.passive) throw this.#refuse('NOT_FOUND', `no exchange '${exchange.name}'`);
    if (known && known.type !== exchange.type && !exchange.passive) {
      throw this.#refuse('PRECONDITION_FAILED', `inequivalent arg 'type' for exchange '${exchange.name}'`);
    }
    if (!known) this.#broker.exchanges.set(exchange.name, exchange);
  }

  async deleteExchange(name: string): Promise<void> {
    this.#did(`deleteExchange ${name}`);
    this.#broker.exchanges.delete(name);
  }

  async declareQueue(declaration: QueueDeclaration): Promise<QueueInfo> {
    const { name, passive, exclusive } = declaration;
    this.#did(`declareQueue ${name}`);
    const known = this.#broker.queues.get(name);
    if (!known && passive) throw this.#refuse('NOT_FOUND', `no queue '${name}'`);
    if (known && exclusive && known.owner !== this.#link) {
      throw this.#refuse('RESOURCE_LOCKED', `cannot obtain exclusive access to locked queue '${name}'`);
    }
    if (known && !passive && JSON.stringify(known.declaration) !== JSON.stringify(declaration)) {
      throw this.#refuse('PRECONDITION_FAILED', `inequivalent arg for queue '${name}'`);
    }
    if (!known) this.#broker.queues.set(name, { declaration, owner: this.#link, ready: [], consumers: [] });
    const queue = this.#broker.queues.get(name) as StrictQueue;
    return { queue: name, messageCount: queue.ready.length, consumerCount: queue.consumers.length };
  }

  async deleteQueue(name: string): Promise<number> {
    this.#did(`deleteQueue ${name}`);
    return this.#broker.deleteQueue(name);
  }

  async purgeQueue(name: string): Promise<number> {
    this.#did(`purgeQueue ${name}`);
    return this.#queue(name).ready.splice(0).length;
  }

  async bind(binding: BindingDeclaration): Promise<void> {
    this.#did(`bind ${binding.exchange} ${binding.routingKey} ${binding.destination}`);
    this.#queue(binding.destination);
    this.#broker.bind(binding);
  }

  async unbind(binding: BindingDeclaration): Promise<void> {
    this.#did(`unbind ${binding.exchange} ${binding.routingKey} ${binding.destination}`);
    this.#broker.unbind(binding);
  }

  async publish(envelope: Envelope, { exchange, routingKey, mandatory, confirm }: Route): Promise<PublishGuarantee> {
    this.#did(`publish ${exchange} ${routingKey}`);
    const queues = this.#broker.route(exchange, routingKey);
    if (!queues) throw this.#refuse('NOT_FOUND', `no exchange '${exchange}'`);
    if (queues.length === 0 && mandatory) throw new BrokerError('UNROUTABLE', 'NO_ROUTE');
    for (const queue of queues) this.#broker.put(queue, { envelope, exchange, routingKey });
    return confirm ? 'confirmed' : 'sent';
  }

  async get(name: string, { noAck }: { readonly noAck: boolean }): Promise<Delivery | undefined> {
    this.#did(`get ${name}`);
    const queue = this.#queue(name);
    const message = queue.ready.shift();
    return message && this.#hand(queue, message, undefined, noAck);
  }

  async consume(options: ConsumeOptions): Promise<void> {
    this.#did(`consume ${options.queue}`);
    const queue = this.#queue(options.queue);
    if (this.consumers.has(options.consumerTag)) {
      const error = new BrokerError('CONNECTION_LOST', `NOT_ALLOWED: attempt to reuse tag '${options.consumerTag}'`);
      this.#link.end(error);
      throw error;
    }
    if (queue.consumers.some((each) => each.options.exclusive) || (options.exclusive && queue.consumers.length > 0)) {
      throw this.#refuse('ACCESS_REFUSED', `queue '${options.queue}' in exclusive use`);
    }
    const consumer = { options, channel: this, unsettled: 0 };
    this.consumers.set(options.consumerTag, consumer);
    queue.consumers.push(consumer);
    this.#broker.dispatch(queue);
  }

  async cancel(tag: string): Promise<void> {
    const consumer = this.consumers.get(tag);
    this.#did(`cancel ${consumer?.options.queue ?? 'nothing'}`);
    if (!consumer) return;
    this.consumers.delete(tag);
    this.#broker.removeConsumer(consumer);
  }

  async setPrefetch(tag: string, prefetch: number): Promise<void> {
    this.#did(`setPrefetch ${prefetch}`);
    const consumer = this.consumers.get(tag);
    if (!consumer) throw this.#refuse('NOT_FOUND', `no consumer '${tag}'`);
    Object.assign(consumer, { options: { ...consumer.options, prefetch } });
    this.#broker.dispatch(this.#queue(consumer.options.queue));
  }

  async ack(tag: DeliveryTag, { multiple = false } = {}): Promise<SettleOutcome> {
    this.#did('ack');
    for (const unsettled of this.#take(tag as number, multiple)) this.#freed(unsettled);
    return 'ok';
  }

  async reject(tag: DeliveryTag, { requeue }: { readonly requeue: boolean }): Promise<SettleOutcome> {
    this.#did(requeue ? 'requeue' : 'reject');
    for (const unsettled of this.#take(tag as number, false)) {
      if (requeue) this.#broker.putBack(unsettled.queue, unsettled.message);
      this.#freed(unsettled);
    }
    return 'ok';
  }

  async recover(): Promise<void> {
    this.#did('recover');
    this.#giveBack();
  }

  async close(): Promise<void> {
    this.end(undefined);
  }

  deliver(queue: StrictQueue, message: StoredEnvelope, consumer: StrictConsumer): void {
    const { noAck, consumerTag } = consumer.options;
    const delivery = this.#hand(queue, message, consumer, noAck);
    this.events.delivery({ ...delivery, consumerTag });
  }

  /** The channel is over: on the broker's word, with its link, or because it was closed. */
  end(reason: Error | undefined): void {
    if (this.#over) return;
    this.#over = reason ?? new BrokerError('CLOSED', 'the channel is closed');
    this.#link.channels.delete(this);
    for (const consumer of this.consumers.values()) this.#broker.removeConsumer(consumer);
    this.consumers.clear();
    this.#giveBack();
    this.events.closed(reason);
  }

  #did(what: string): void {
    if (this.#over) throw this.#over;
    this.#broker.log.push(what);
  }

  #queue(name: string): StrictQueue {
    const queue = this.#broker.queues.get(name);
    if (!queue) throw this.#refuse('NOT_FOUND', `no queue '${name}'`);
    return queue;
  }

  /** Closes the channel, as AMQP does with an operation that fails. */
  #refuse(code: ErrorCode, text: string): Error {
    const error = new BrokerError(code, text);
    queueMicrotask(() => this.end(error));
    return error;
  }

  #hand(queue: StrictQueue, message: StoredEnvelope, consumer: StrictConsumer | undefined, noAck: boolean): Delivery {
    this.#tags += 1;
    const { exchange, routingKey, envelope, deliveries } = message;
    if (!noAck) {
      const again = { ...message, deliveries: deliveries + 1 };
      this.unsettled.set(this.#tags, { queue: queue.declaration.name, message: again, consumer });
      if (consumer) consumer.unsettled += 1;
    }
    return {
      envelope,
      deliveryTag: this.#tags,
      exchange,
      routingKey,
      queue: queue.declaration.name,
      redelivered: deliveries > 0,
      ...(this.#broker.countsDeliveries ? { deliveryCount: deliveries } : {}),
    };
  }

  #take(tag: number, multiple: boolean): Unsettled[] {
    if (!this.unsettled.has(tag)) throw this.#refuse('PRECONDITION_FAILED', `unknown delivery tag ${tag}`);
    const tags = multiple ? [...this.unsettled.keys()].filter((each) => each <= tag) : [tag];
    return tags.map((each) => {
      const unsettled = this.unsettled.get(each) as Unsettled;
      this.unsettled.delete(each);
      return unsettled;
    });
  }

  #freed({ queue, consumer }: Unsettled): void {
    if (!consumer) return;
    consumer.unsettled -= 1;
    const known = this.#broker.queues.get(queue);
    if (known) this.#broker.dispatch(known);
  }

  #giveBack(): void {
    const all = [...this.unsettled.values()];
    this.unsettled.clear();
    for (const { queue, message } of all) this.#broker.putBack(queue, message);
    for (const unsettled of all) this.#freed(unsettled);
  }
}

import type {
  BindingDeclaration,
  Capabilities,
  ChannelEvents,
  ConsumeOptions,
  ErrorCode,
  ExchangeDeclaration,
  QueueDeclaration,
  Target,
  Transport,
  TransportConnection,
  TransportContext,
} from '@kombu/core/spi';
import { StrictChannel } from './strict-channel.ts';
import type { StoredEnvelope } from './strict-channel.ts';
import { BrokerError } from './strict-error.ts';

export interface StrictConsumer {
  readonly options: ConsumeOptions;
  readonly channel: StrictChannel;
  unsettled: number;
}

export interface StrictQueue {
  readonly declaration: QueueDeclaration;
  readonly owner: StrictLink;
  readonly ready: StoredEnvelope[];
  /** In turn: who got a message goes to the end. */
  readonly consumers: StrictConsumer[];
}

/** One connection of a client. */
export class StrictLink implements TransportConnection {
  readonly closed: Promise<Error | undefined>;
  readonly channels: Set<StrictChannel> = new Set();
  readonly #broker: StrictBroker;
  #end!: (reason: Error | undefined) => void;

  constructor(broker: StrictBroker) {
    this.#broker = broker;
    this.closed = new Promise((resolve) => (this.#end = resolve));
  }

  async openChannel(events: ChannelEvents): Promise<StrictChannel> {
    if (!this.#broker.links.has(this)) throw new BrokerError('CONNECTION_LOST', 'the link is gone');
    this.#broker.opened += 1;
    const channel = new StrictChannel(this.#broker, this, events);
    this.channels.add(channel);
    return channel;
  }

  async close(): Promise<void> {
    this.end(undefined);
  }

  unwrap(): unknown {
    return this.#broker;
  }

  /** Takes everything back that this link holds. */
  end(reason: Error | undefined): void {
    if (!this.#broker.links.delete(this)) return;
    for (const channel of this.channels) channel.end(reason);
    this.#broker.removeOwnedBy(this);
    this.#end(reason);
  }
}

const capabilities: Capabilities = {
  exchangeTypes: ['direct', 'fanout'],
  exchangeBindings: false,
  priority: false,
  delay: false,
  ttl: false,
  queueLimits: false,
  sharedBindings: true,
  acknowledge: 'broker',
  ordering: 'fifo',
  publisherConfirms: true,
  heartbeats: false,
};

/**
 * A broker in memory that is as strict as AMQP 0-9-1: what RabbitMQ answers by closing the channel (a missing queue, an
 * unknown delivery tag) or the link (a consumer tag used twice) does so here. It keeps no time, so that every timer on the
 * clock of a test is the client's own. Links are broken by a `FaultyTransport` around it.
 */
export class StrictBroker implements Transport {
  readonly name = 'strict';
  readonly schemes: readonly string[] = ['strict'];
  readonly defaultPort = 7777;
  readonly capabilities: Capabilities;
  readonly links: Set<StrictLink> = new Set();
  readonly exchanges: Map<string, ExchangeDeclaration> = new Map();
  readonly queues: Map<string, StrictQueue> = new Map();
  /** The targets of all attempts to connect. */
  readonly targets: Target[] = [];
  /** Every operation of the clients, as `declareQueue tasks`. */
  readonly log: string[] = [];
  /** A classic queue of AMQP only says that a message was delivered before, not how often. */
  countsDeliveries = true;
  /** Channels that were opened so far. */
  opened = 0;
  /** Stands in for the answer to an attempt to connect. */
  onConnect: (target: Target, ctx: TransportContext) => unknown = () => undefined;
  #bindings: BindingDeclaration[] = [];
  #sequence = 0;

  constructor(changes: Partial<Capabilities> = {}) {
    this.capabilities = { ...capabilities, ...changes };
  }

  async connect(target: Target, ctx: TransportContext): Promise<TransportConnection> {
    this.targets.push(target);
    await this.onConnect(target, ctx);
    const link = new StrictLink(this);
    this.links.add(link);
    return link;
  }

  classify(error: unknown): ErrorCode {
    return error instanceof BrokerError ? error.code : 'INTERNAL';
  }

  /** The channels of all links. */
  get channels(): StrictChannel[] {
    return [...this.links].flatMap((link) => [...link.channels]);
  }

  /** How often a client did this so far. */
  count(operation: string): number {
    return this.log.filter((line) => line === operation || line.startsWith(`${operation} `)).length;
  }

  /** The bodies that wait in a queue, as text. */
  ready(queue: string): string[] {
    return (this.queues.get(queue)?.ready ?? []).map(({ envelope }) => envelope.body.toString());
  }

  /** The consumers of a queue, over all links. */
  consumers(queue: string): readonly StrictConsumer[] {
    return this.queues.get(queue)?.consumers ?? [];
  }

  /** As an administrator would: the consumers are told. */
  deleteQueue(name: string): number {
    const queue = this.queues.get(name);
    this.queues.delete(name);
    this.#bindings = this.#bindings.filter(({ destination }) => destination !== name);
    for (const consumer of queue?.consumers ?? []) {
      consumer.channel.consumers.delete(consumer.options.consumerTag);
      consumer.channel.events.cancelled(
        consumer.options.consumerTag,
        new BrokerError('NOT_FOUND', `no queue '${name}'`),
      );
    }
    return queue?.ready.length ?? 0;
  }

  /** Blocks publishers, as RabbitMQ does when it runs out of memory; undefined: no longer. */
  block(reason: string | undefined): void {
    for (const { events } of this.channels) events.flow(reason !== undefined, reason);
  }

  bind(binding: BindingDeclaration): void {
    this.unbind(binding);
    this.#bindings.push(binding);
  }

  unbind({ exchange, destination, routingKey }: BindingDeclaration): void {
    this.#bindings = this.#bindings.filter(
      (each) => each.exchange !== exchange || each.destination !== destination || each.routingKey !== routingKey,
    );
  }

  /** The queues that a message goes to; undefined when there is no such exchange. */
  route(exchange: string, routingKey: string): StrictQueue[] | undefined {
    if (exchange === '') return [this.queues.get(routingKey)].filter((queue) => queue !== undefined);
    const type = this.exchanges.get(exchange)?.type;
    if (type === undefined) return undefined;
    const names = this.#bindings
      .filter((each) => each.exchange === exchange && (type === 'fanout' || each.routingKey === routingKey))
      .map(({ destination }) => destination);
    return [...new Set(names)].map((name) => this.queues.get(name)).filter((queue) => queue !== undefined);
  }

  put(queue: StrictQueue, message: Omit<StoredEnvelope, 'sequence' | 'deliveries'>): void {
    queue.ready.push({ ...message, sequence: (this.#sequence += 1), deliveries: 0 });
    this.dispatch(queue);
  }

  /** Back to the place where it was. */
  putBack(queueName: string, message: StoredEnvelope): void {
    const queue = this.queues.get(queueName);
    if (!queue) return;
    const place = queue.ready.findIndex(({ sequence }) => sequence > message.sequence);
    queue.ready.splice(place === -1 ? queue.ready.length : place, 0, message);
    this.dispatch(queue);
  }

  /** A broker is never as fast as a function call. */
  dispatch(queue: StrictQueue): void {
    queueMicrotask(() => {
      while (queue.ready.length > 0) {
        const place = queue.consumers.findIndex(
          ({ options, unsettled }) => options.noAck || options.prefetch === 0 || unsettled < options.prefetch,
        );
        const [consumer] = place === -1 ? [] : queue.consumers.splice(place, 1);
        if (!consumer) return;
        queue.consumers.push(consumer);
        consumer.channel.deliver(queue, queue.ready.shift() as StoredEnvelope, consumer);
      }
    });
  }

  removeConsumer(consumer: StrictConsumer): void {
    const queue = this.queues.get(consumer.options.queue);
    const place = queue?.consumers.indexOf(consumer) ?? -1;
    if (!queue || place === -1) return;
    queue.consumers.splice(place, 1);
    if (queue.declaration.autoDelete && queue.consumers.length === 0) this.deleteQueue(queue.declaration.name);
  }

  removeOwnedBy(link: StrictLink): void {
    for (const [name, { declaration, owner }] of this.queues) {
      if (declaration.exclusive && owner === link) this.deleteQueue(name);
    }
  }
}

import assert from 'node:assert/strict';
import type {
  Arguments,
  BindingDeclaration,
  ConsumeOptions,
  Delivery,
  DeliveryTag,
  Envelope,
  PublishGuarantee,
  QueueDeclaration,
  QueueInfo,
  ExchangeDeclaration,
  Route,
  SettleOutcome,
  TransportChannel,
} from '@kombu/core/spi';
import { NotOffered } from '../case.ts';
import { envelopeOf, textOf } from './messages.ts';
import type { Recorder } from './recorder.ts';
import type { TransportTest } from './transport-test.ts';

/** What the waiter of a `publishFor` was told: once, if all is well. */
export type Told = readonly ({ readonly guarantee: PublishGuarantee } | { readonly error: unknown })[];

type QueueOptions = Partial<Omit<QueueDeclaration, 'name'>>;
type ExchangeOptions = Partial<Omit<ExchangeDeclaration, 'name' | 'type'>>;

/** A channel in the hands of a case: short to call, records its events, and no call waits for ever. */
export class TestChannel {
  /** The channel itself, for calls that should not be awaited one by one. */
  readonly raw: TransportChannel;
  readonly events: Recorder;
  readonly #t: TransportTest;
  #read = 0;

  constructor(t: TransportTest, raw: TransportChannel, events: Recorder) {
    this.#t = t;
    this.raw = raw;
    this.events = events;
  }

  declareQueue(name: string, options: QueueOptions = {}): Promise<QueueInfo> {
    const declaration = { name, durable: true, exclusive: false, autoDelete: false, arguments: {}, passive: false };
    const answer = this.raw.declareQueue({ ...declaration, ...options });
    return this.#wait(answer, `declareQueue(${name})`);
  }

  /** The number of ready messages. */
  async count(queue: string): Promise<number> {
    return (await this.declareQueue(queue, { passive: true })).messageCount;
  }

  declareExchange(name: string, type: string, options: ExchangeOptions = {}): Promise<void> {
    const declaration = { name, type, durable: true, autoDelete: false, arguments: {}, passive: false };
    return this.#wait(this.raw.declareExchange({ ...declaration, ...options }), `declareExchange(${name}, ${type})`);
  }

  deleteQueue(
    name: string,
    options: { readonly ifUnused?: boolean; readonly ifEmpty?: boolean } = {},
  ): Promise<number> {
    const answer = this.raw.deleteQueue(name, { ifUnused: false, ifEmpty: false, ...options });
    return this.#wait(answer, `deleteQueue(${name})`);
  }

  deleteExchange(name: string, options: { readonly ifUnused: boolean } = { ifUnused: false }): Promise<void> {
    return this.#wait(this.raw.deleteExchange(name, options), `deleteExchange(${name})`);
  }

  purgeQueue(name: string): Promise<number> {
    return this.#wait(this.raw.purgeQueue(name), `purgeQueue(${name})`);
  }

  /** Binds a queue to an exchange. */
  bind(queue: string, exchange: string, routingKey = '', args: Arguments = {}): Promise<void> {
    return this.#wait(this.raw.bind(toQueue(queue, exchange, routingKey, args)), `bind(${queue} to ${exchange})`);
  }

  unbind(queue: string, exchange: string, routingKey = '', args: Arguments = {}): Promise<void> {
    return this.#wait(this.raw.unbind(toQueue(queue, exchange, routingKey, args)), `unbind(${queue} from ${exchange})`);
  }

  /** Binds the exchange `destination` to the exchange `source`. */
  bindExchange(destination: string, source: string, routingKey = ''): Promise<void> {
    return this.#wait(this.raw.bind(toExchange(destination, source, routingKey)), `bind(${destination} to ${source})`);
  }

  unbindExchange(destination: string, source: string, routingKey = ''): Promise<void> {
    const answer = this.raw.unbind(toExchange(destination, source, routingKey));
    return this.#wait(answer, `unbind(${destination} from ${source})`);
  }

  publish(
    exchange: string,
    routingKey: string,
    message: string | Envelope,
    route: Partial<Route> = {},
  ): Promise<PublishGuarantee> {
    const envelope = typeof message === 'string' ? envelopeOf(message) : message;
    const answer = this.raw.publish(envelope, { exchange, routingKey, mandatory: false, confirm: true, ...route });
    return this.#wait(answer, `publish(to '${exchange}' with key '${routingKey}')`);
  }

  /** Publishes by `publishFor`. */
  publishFor(exchange: string, routingKey: string, message: string | Envelope, route: Partial<Route> = {}): Told {
    if (!this.raw.publishFor) throw new NotOffered('its channels have no publishFor');
    const told: Told[number][] = [];
    this.raw.publishFor(
      typeof message === 'string' ? envelopeOf(message) : message,
      { exchange, routingKey, mandatory: false, confirm: true, ...route },
      { published: (guarantee) => void told.push({ guarantee }), failed: (error) => void told.push({ error }) },
    );
    return told;
  }

  /** Publishes straight to a queue, one after another. */
  async send(queue: string, ...messages: readonly (string | Envelope)[]): Promise<void> {
    for (const message of messages) await this.publish('', queue, message);
  }

  /** Publishes straight to a queue, without waiting for one message before the next. */
  async sendAtOnce(queue: string, bodies: readonly string[]): Promise<void> {
    const route = { exchange: '', routingKey: queue, mandatory: false, confirm: true };
    const publishes = Promise.all(bodies.map((body) => this.raw.publish(envelopeOf(body), route)));
    await this.#wait(publishes, `${bodies.length} publishes`);
  }

  get(queue: string, noAck = false): Promise<(Delivery & { readonly messageCount?: number }) | undefined> {
    return this.#wait(this.raw.get(queue, { noAck }), `get(${queue})`);
  }

  /** One message of the queue; waits until there is one. */
  take(queue: string, options: { readonly noAck?: boolean; readonly maxMs?: number } = {}): Promise<Delivery> {
    const what = `a message in ${queue}`;
    return this.#t.poll(() => this.get(queue, options.noAck ?? false), what, options.maxMs);
  }

  /** Takes the bodies of `count` messages out of the queue for good; fails when there are fewer or more. */
  async drain(queue: string, count: number): Promise<readonly string[]> {
    const taken: string[] = [];
    while (taken.length < count) {
      const what = `message ${taken.length + 1} of ${count} in ${queue}`;
      taken.push(textOf(await this.#t.poll(() => this.get(queue, true), what)));
    }
    await this.empty(queue);
    return taken;
  }

  /** Takes all that is ready right now out of the queue for good. */
  async drainAll(queue: string): Promise<readonly string[]> {
    const taken: string[] = [];
    for (let next = await this.get(queue, true); next; next = await this.get(queue, true)) taken.push(textOf(next));
    return taken;
  }

  /** Fails when the queue has a ready message right now. */
  async nothing(queue: string, because: string): Promise<void> {
    const got = await this.get(queue);
    if (got) assert.fail(`${because}: got ${JSON.stringify(textOf(got))} from ${queue}`);
  }

  /** Fails when the queue has a ready message, now or a little later. */
  async empty(queue: string): Promise<void> {
    await this.#t.settle();
    const extra = await this.get(queue, true);
    if (extra) assert.fail(`${queue} should be empty, but holds ${JSON.stringify(textOf(extra))}`);
  }

  /** Starts a consumer; resolves to its tag. */
  async consume(queue: string, options: Partial<Omit<ConsumeOptions, 'queue'>> = {}): Promise<string> {
    const consumerTag = options.consumerTag ?? this.#t.name('consumer');
    const defaults = { noAck: false, exclusive: false, prefetch: 0, arguments: {} };
    await this.#wait(this.raw.consume({ ...defaults, ...options, queue, consumerTag }), `consume(${queue})`);
    return consumerTag;
  }

  cancel(consumerTag: string): Promise<void> {
    return this.#wait(this.raw.cancel(consumerTag), `cancel(${consumerTag})`);
  }

  setPrefetch(consumerTag: string, prefetch: number): Promise<void> {
    return this.#wait(this.raw.setPrefetch(consumerTag, prefetch), `setPrefetch(${consumerTag}, ${prefetch})`);
  }

  /** Waits for the next deliveries, exactly as many. */
  async receive(count: number, maxMs?: number): Promise<readonly Delivery[]> {
    const { deliveries } = this.events;
    const wanted = this.#read + count;
    const progress = (): string => `delivery of ${count} messages (${deliveries.length - this.#read} came)`;
    await this.#t.until(() => deliveries.length >= wanted, progress, maxMs);
    this.#read = wanted;
    return deliveries.slice(wanted - count, wanted);
  }

  /** The next delivery. */
  async next(maxMs?: number): Promise<Delivery> {
    const [delivery] = await this.receive(1, maxMs);
    assert.ok(delivery);
    return delivery;
  }

  /** Fails when something is delivered that the case has not received yet, now or a little later. */
  async quiet(because: string): Promise<void> {
    await this.#t.settle();
    const extra = this.events.deliveries.slice(this.#read).map(textOf);
    assert.deepEqual(extra, [], because);
  }

  /** Acks and expects `ok`. */
  async ack(delivery: Delivery, options?: { readonly multiple: boolean }): Promise<void> {
    assert.equal(await this.ackOutcome(delivery.deliveryTag, options), 'ok', `ack of ${textOf(delivery)}`);
  }

  ackOutcome(tag: DeliveryTag, options?: { readonly multiple: boolean }): Promise<SettleOutcome> {
    return this.#wait(this.raw.ack(tag, options), `ack(${tag})`);
  }

  /** Rejects for good and expects `ok`. */
  async reject(delivery: Delivery): Promise<void> {
    const outcome = await this.rejectOutcome(delivery.deliveryTag, { requeue: false });
    assert.equal(outcome, 'ok', `reject of ${textOf(delivery)}`);
  }

  /** Gives back and expects `ok`. */
  async requeue(delivery: Delivery, delay?: number): Promise<void> {
    const options = delay === undefined ? { requeue: true } : { requeue: true, delay };
    const outcome = await this.rejectOutcome(delivery.deliveryTag, options);
    assert.equal(outcome, 'ok', `requeue of ${textOf(delivery)}`);
  }

  rejectOutcome(
    tag: DeliveryTag,
    options: { readonly requeue: boolean; readonly delay?: number },
  ): Promise<SettleOutcome> {
    return this.#wait(this.raw.reject(tag, options), `reject(${tag}, requeue: ${options.requeue})`);
  }

  recover(): Promise<void> {
    return this.#wait(this.raw.recover(), 'recover()');
  }

  close(): Promise<void> {
    return this.#wait(this.raw.close(), 'close() of the channel');
  }

  #wait<T>(promise: Promise<T>, what: string): Promise<T> {
    return this.#t.wait(promise, what);
  }
}

function toQueue(queue: string, exchange: string, routingKey: string, args: Arguments): BindingDeclaration {
  return { exchange, destination: queue, destinationType: 'queue', routingKey, arguments: args };
}

function toExchange(destination: string, exchange: string, routingKey: string): BindingDeclaration {
  return { exchange, destination, destinationType: 'exchange', routingKey, arguments: {} };
}

import { randomUUID } from 'node:crypto';
import type { KombuError } from '../errors.ts';
import { InvalidArgumentError, MessageStateError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import type { ConsumeOptions } from '../spi/declarations.ts';
import type { Channel } from './channel.ts';
import type { ConsumerOptions, Handler } from './consumer-options.ts';
import { checkConsumerOptions, checkCount, queueList } from './consumer-options.ts';
import { FailurePolicy } from './failure-policy.ts';
import { Fifo } from './fifo.ts';
import type { CloseReport, ConsumerHealth, Host, HostedConsumer, Place } from './host.ts';
import { maybeDeclare } from './maybe-declare.ts';
import type { Message } from './message.ts';
import { MessageIterator } from './message-iterator.ts';
import type { FeedOwner } from './queue-feed.ts';
import { QueueFeed } from './queue-feed.ts';
import type { Queue } from './queue.ts';
import { Subscription } from './subscription.ts';
import { closedError } from './supervisor.ts';

const defaultPrefetch = 100;
const defaultCloseTimeout = 30_000;

/** What closing may take on top of its timeout, in milliseconds, to give back politely what is unsettled. */
const forceMs = 200;

const undecodable = Symbol('undecodable');

/**
 * Consumes from one or more queues and hands the messages to handlers, or to an iterator. It outlives broken links: its
 * queues are declared and subscribed again. A handler that throws never stops it.
 */
export class Consumer<T = unknown> implements HostedConsumer, AsyncDisposable, AsyncIterable<Message<T>> {
  readonly #place: Place;
  readonly #channel: Channel;
  readonly #ownsChannel: boolean;
  readonly #options: ConsumerOptions<T>;
  readonly #feeds = new Map<string, QueueFeed>();
  readonly #handlers: Handler<T>[];
  readonly #policy: FailurePolicy;
  readonly #buffer = new Fifo<{ readonly message: Message; readonly feed: QueueFeed }>();
  readonly #iterators = new Set<MessageIterator<T>>();
  #prefetch: number;
  #concurrency: number;
  #active = 0;
  #completed = 0;
  #paused = false;
  #isLeaving = false;
  #released = 0;
  #whenIdle: (() => void)[] = [];
  #closed: Promise<CloseReport> | undefined;

  /**
   * @param place - A channel, or a connection for a channel of the consumer's own, which closes with it.
   */
  constructor(place: Place, options: ConsumerOptions<T> = {}) {
    checkConsumerOptions(options as ConsumerOptions);
    this.#place = place;
    this.#channel = place.internals.channelFor(place) as Channel;
    this.#ownsChannel = (this.#channel as Place) !== place;
    this.#options = options;
    this.#handlers = [...(options.handler ? [options.handler] : []), ...(options.callbacks ?? [])];
    this.#prefetch = options.prefetch ?? defaultPrefetch;
    this.#concurrency = options.concurrency ?? (this.#prefetch || Infinity);
    this.#policy = new FailurePolicy(place, options as ConsumerOptions);
    for (const queue of queueList(options.queues)) this.addQueue(queue);
  }

  /** The queues, by name. */
  get queues(): ReadonlyMap<string, Queue<T>> {
    return new Map([...this.#feeds].map(([name, { queue }]) => [name, queue as Queue<T>]));
  }

  /** Handlers running now. */
  get active(): number {
    return this.#active;
  }

  /** Messages received and not settled. */
  get inFlight(): number {
    let count = 0;
    for (const feed of this.#feeds.values()) count += feed.unsettled.size;
    return count;
  }

  /** Adds a handler; they are called one after the other. */
  registerCallback(callback: Handler<T>): void {
    this.#handlers.push(callback);
    this.#pump();
  }

  /** Adds a queue; `consume()` starts it. A second queue of the same name replaces nothing and is ignored. */
  addQueue(queue: Queue<T> | string): void {
    for (const each of queueList<T>(queue)) {
      if (each.name !== '' && this.#feeds.has(each.name)) continue;
      const feed = this.#makeFeed(each);
      this.#feeds.set(each.name || feed.consumerTag, feed);
    }
  }

  /** Is this queue, or one of this name, among those consumed? */
  consumingFrom(queue: Queue | string): boolean {
    const name = typeof queue === 'string' ? queue : queue.name;
    return [...this.#feeds.values()].some((feed) => feed.queue.name === name && feed.wanted);
  }

  /**
   * Declares the queues (unless `autoDeclare: false`) and starts what is not started yet. Rejects when a queue cannot be
   * declared or consumed; the others are not started then. Resolves when it is cancelled meanwhile.
   */
  async consume(wait: WaitOptions = {}): Promise<void> {
    if (this.#closed) throw closedError('The consumer is closed');
    this.#host.consumers.add(this);
    try {
      for (const feed of this.#feeds.values()) await this.#start(feed, wait);
    } finally {
      this.#leave();
    }
  }

  /** Stops all queues. Messages already handed out can still be settled; those waiting here go back to their queues. */
  async cancel(): Promise<void> {
    for (const iterator of this.#iterators) iterator.end();
    await Promise.all([...this.#feeds.values()].map((feed) => this.#stop(feed)));
    this.#leave();
  }

  /** Stops one queue and forgets it. */
  async cancelByQueue(queue: Queue | string): Promise<void> {
    const name = typeof queue === 'string' ? queue : queue.name;
    for (const [key, feed] of this.#feeds) {
      if (feed.queue.name !== name) continue;
      await this.#stop(feed);
      if (!feed.wanted) this.#feeds.delete(key);
    }
  }

  /** Removes the ready messages of all queues; resolves to their number. */
  async purge(wait: WaitOptions = {}): Promise<number> {
    let count = 0;
    for (const { queue } of this.#feeds.values()) count += await queue.purge(this.#place, wait);
    return count;
  }

  /** Starts no further handlers; the prefetch bounds what waits meanwhile. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#pump();
  }

  /** Kombu's spelling of `pause` and `resume`. */
  flow(active: boolean): void {
    if (active) this.resume();
    else this.pause();
  }

  /** Changes the prefetch of all queues, at once and for later reconnects. 0: no limit. */
  async qos({ prefetchCount }: { readonly prefetchCount: number }): Promise<void> {
    checkCount('prefetchCount', prefetchCount, 0);
    this.#prefetch = prefetchCount;
    if (this.#options.concurrency === undefined) this.#concurrency = prefetchCount || Infinity;
    this.#pump();
    for (const { subscription } of this.#feeds.values()) {
      if (subscription?.wanted) await this.#channel.setPrefetch(subscription, prefetchCount);
    }
  }

  /** Gives all unsettled messages back to their queues, also those that handlers have: settling them is too late then. */
  async recover(): Promise<void> {
    this.#buffer.remove(({ feed }) => !feed.noAck);
    await this.#giveBack([...this.#feeds.values()].flatMap(({ unsettled }) => [...unsettled]));
  }

  /** The state of each queue. */
  health(): readonly ConsumerHealth[] {
    return [...this.#feeds.values()].map((feed) => feed.health());
  }

  /**
   * Stops the queues, gives back what no handler has, waits for the running handlers at most `timeout` milliseconds (default
   * 30000), and gives back what is unsettled then. Never rejects for a broken link. Idempotent.
   */
  close(options: WaitOptions = {}): Promise<CloseReport> {
    this.#closed ??= this.#close(options);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Starts consuming and gives the messages one by one; not asking for the next is the back-pressure. */
  [Symbol.asyncIterator](): AsyncIterator<Message<T>> {
    if (this.#handlers.length > 0 || this.#options.onMessage) {
      throw new InvalidArgumentError('A consumer with a handler cannot be iterated: its messages go to the handler');
    }
    const iterator = new MessageIterator<T>({
      start: () => this.consume(),
      stop: async () => {
        this.#iterators.delete(iterator);
        await this.close({ timeout: 0 });
      },
      pull: () => this.#pump(),
      autoAck: this.#options.ack === 'auto',
    });
    this.#iterators.add(iterator);
    return iterator;
  }

  async #close({ timeout = defaultCloseTimeout, signal }: WaitOptions): Promise<CloseReport> {
    const { clock, logger } = this.#host;
    const before = { completed: this.#completed, released: this.#released };
    const giveUpAt = clock.now() + timeout;
    const phase = async (what: string, work: Promise<unknown>, grace = 0): Promise<void> => {
      const left = Math.max(0, giveUpAt + grace - clock.now());
      const inTime = bounded(work, { timeout: left, signal }, clock, what);
      await inTime.catch((error: unknown) => logger.warn(`${what} was given up`, { error }));
    };
    const cancelled = phase('Cancelling a consumer', this.cancel(), forceMs);
    await Promise.all([cancelled, phase('Waiting for message handlers', this.#idle())]);
    const abandoned = this.#active;
    await phase('Dead-lettering', this.#policy.close());
    const unsettled = [...this.#feeds.values()].flatMap((feed) => [...feed.unsettled]);
    await phase('Giving back unsettled messages', this.#giveBack(unsettled), forceMs);
    if (this.#ownsChannel) await phase('Closing the channel of a consumer', this.#channel.close(), forceMs);
    this.#host.consumers.delete(this);
    const completed = this.#completed - before.completed;
    return { completed, released: this.#released - before.released, abandoned };
  }

  /** The newest first, so that each goes in front of the one behind it. */
  async #giveBack(messages: readonly Message[]): Promise<void> {
    this.#released += messages.length;
    const reason = new MessageStateError('The consumer gave the message back to its queue');
    await Promise.all(messages.toReversed().map((message) => message.giveBack(reason)));
  }

  #idle(): Promise<void> {
    if (this.#active === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #makeFeed(queue: Queue): QueueFeed {
    const { noAck = queue.noAck, accept, tagPrefix = 'kombu-' } = this.#options;
    const owner: FeedOwner = {
      received: (message, feed) => this.#received(message, feed),
      lost: (feed) => this.#buffer.remove((entry) => entry.feed === feed),
      failed: (error) => this.#failed(error),
    };
    return new QueueFeed(queue, { consumerTag: `${tagPrefix}${randomUUID()}`, noAck, accept }, owner, this.#host);
  }

  get #host(): Host {
    return this.#place.internals;
  }

  /** Joins a start under way: two of them would subscribe twice. */
  #start(feed: QueueFeed, wait: WaitOptions): Promise<void> {
    feed.wanted = true;
    feed.starting ??= this.#startAlone(feed, wait)
      .catch((error: unknown) => {
        feed.wanted = false;
        throw error;
      })
      .finally(() => {
        feed.starting = undefined;
      });
    return feed.starting;
  }

  async #startAlone(feed: QueueFeed, wait: WaitOptions): Promise<void> {
    // Again when it was cancelled and asked for again meanwhile.
    while (feed.wanted && !feed.subscription?.wanted) {
      await feed.stopping?.catch(() => {});
      if (this.#options.autoDeclare ?? true) await maybeDeclare(feed.queue, this.#place, wait);
      if (!feed.wanted) return;
      feed.subscription = new Subscription(this.#consumeOptions(feed), feed);
      await this.#channel.subscribe(feed.subscription, wait);
    }
  }

  #consumeOptions({ queue, consumerTag, noAck }: QueueFeed): ConsumeOptions {
    const { exclusive = false, consumerArguments } = this.#options;
    return {
      queue: queue.name,
      consumerTag,
      noAck,
      exclusive,
      prefetch: this.#prefetch,
      arguments: { ...queue.consumerArguments, ...consumerArguments },
    };
  }

  #stop(feed: QueueFeed): Promise<void> {
    feed.wanted = false;
    feed.stopping ??= this.#stopAlone(feed).finally(() => {
      feed.stopping = undefined;
    });
    return feed.stopping;
  }

  async #stopAlone(feed: QueueFeed): Promise<void> {
    const { subscription } = feed;
    if (subscription && subscription.phase !== 'cancelled') await this.#channel.unsubscribe(subscription);
    // What needs no ack would be lost: handlers still get it.
    if (!feed.noAck)
      await this.#giveBack(this.#buffer.remove((entry) => entry.feed === feed).map(({ message }) => message));
  }

  #received(message: Message, feed: QueueFeed): void {
    const isFree = this.#buffer.size === 0 && this.#active < this.#concurrency && !this.#paused;
    if (isFree && (this.#handlers.length > 0 || this.#options.onMessage)) return this.#run(message, feed);
    this.#buffer.push({ message, feed });
    this.#pump();
  }

  #failed(error: KombuError): void {
    for (const iterator of this.#iterators) iterator.fail(error);
    this.#policy.report(error, undefined, 'A consumer stays off');
  }

  /** Hands out what waits, as far as there is somebody to take it. */
  #pump(): void {
    if (this.#paused) return;
    if (this.#iterators.size > 0) {
      for (const iterator of this.#iterators) {
        while (iterator.wants && this.#buffer.size > 0) {
          iterator.give((this.#buffer.shift() as { message: Message }).message as Message<T>);
          this.#host.handled();
        }
      }
      return;
    }
    if (this.#handlers.length === 0 && !this.#options.onMessage) return;
    while (this.#active < this.#concurrency) {
      const next = this.#buffer.shift();
      if (!next) return;
      this.#run(next.message, next.feed);
    }
  }

  #run(message: Message, feed: QueueFeed): void {
    this.#active += 1;
    let result: unknown;
    try {
      result = this.#handle(message as Message<T>);
    } catch (error) {
      this.#policy.handlerFailed(error as Error, message, feed.noAck);
      return this.#done();
    }
    if (result === undecodable) return this.#done();
    if (isThenable(result)) {
      result.then(
        () => this.#succeeded(message),
        (error: unknown) => {
          this.#policy.handlerFailed(asError(error), message, feed.noAck);
          this.#done();
        },
      );
    } else this.#succeeded(message);
  }

  /** Calls the handlers; answers `undecodable` when the body cannot be decoded and they shall not have it raw. */
  #handle(message: Message<T>): unknown {
    if (this.#options.onMessage) return this.#options.onMessage(message);
    let body: T;
    try {
      body = message.payload;
    } catch (error) {
      if (this.#policy.undecodable(asError(error), message)) return undecodable;
      body = message.body as T;
    }
    const [only] = this.#handlers;
    return this.#handlers.length === 1 && only ? only(body, message) : this.#callAll(body, message);
  }

  async #callAll(body: T, message: Message<T>): Promise<void> {
    for (const handler of this.#handlers) await handler(body, message);
  }

  #succeeded(message: Message): void {
    this.#completed += 1;
    if (this.#options.ack === 'auto') this.#policy.handlerSucceeded(message);
    if (this.#options.ack === 'auto' && !message.acknowledged) {
      message
        .ack()
        .then(undefined, (error: unknown) =>
          this.#policy.report(asError(error), message, 'A message could not be acked'),
        );
    }
    this.#done();
  }

  #done(): void {
    this.#active -= 1;
    this.#host.handled();
    if (this.#buffer.size > 0) this.#pump();
    if (this.#active > 0) return;
    if (this.#whenIdle.length > 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
    if (this.#isLeaving) this.#leave();
  }

  /** The connection closes its consumers when it closes: also one that was cancelled, as long as it holds messages. */
  #leave(): void {
    this.#isLeaving = ![...this.#feeds.values()].some(({ wanted }) => wanted);
    if (this.#isLeaving && this.#active === 0 && this.inFlight === 0) this.#host.consumers.delete(this);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}

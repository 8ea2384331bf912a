import type { WaitOptions } from '../reliability/deadline.ts';
import type { CompleteRetryPolicy, RetryPolicy } from '../reliability/retry.ts';
import { completePolicy } from '../reliability/retry.ts';
import type { Capabilities } from '../spi/capabilities.ts';
import { Channel } from './channel.ts';
import { closeConnection } from './close-connection.ts';
import type { ConnectionEvents } from './connection-events.ts';
import type { ConnectionHealth } from './connection-health.ts';
import { connectionHealth } from './connection-health.ts';
import { ConnectionHost } from './connection-host.ts';
import type { ConnectionInfo } from './connection-info.ts';
import { connectionInfo, connectionUri } from './connection-info.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { completeOptions } from './connection-options.ts';
import { consumeOn, messagesOn } from './consume-on.ts';
import type { ConsumerOptions, Handler, Queues } from './consumer-options.ts';
import { Consumer } from './consumer.ts';
import { Emitter } from './emitter.ts';
import type { Unsubscribe } from './emitter.ts';
import { ensure } from './ensure.ts';
import type { CloseReport, Place } from './host.ts';
import type { ConnectionState } from './link-status.ts';
import type { Message } from './message.ts';
import { ChannelPool, ConnectionPool } from './pools.ts';
import { Producer } from './producer.ts';
import type { ProducerOptions } from './publish-options.ts';
import type { Exchange } from './exchange.ts';
import type { Queue } from './queue.ts';
import { Requests, type RequestOptions } from './requests.ts';
import { SimpleBuffer, SimpleQueue } from './simple-queue.ts';
import type { SimpleQueueOptions } from './simple-queue.ts';

const defaultConnectTimeout = 30_000;

/**
 * A connection to a broker, named by a URL. Nothing is sent before the first use. A broken link is made anew, and all that
 * was declared and consumed on it is there again.
 */
export class Connection implements Place, AsyncDisposable {
  readonly #given: ConnectionOptions;
  readonly #events: Emitter<ConnectionEvents>;
  #host: ConnectionHost;
  #closed: Promise<CloseReport> | undefined;
  #drained = 0;
  #requests: Requests | undefined;

  /**
   * @param url - One URL, several separated by `;`, or a list: the hosts of a failover list, tried in turn.
   * Throws InvalidArgumentError for a malformed URL or an unknown option.
   */
  constructor(url: string | readonly string[] = 'amqp://localhost', options: ConnectionOptions = {}) {
    const complete = completeOptions(url, options);
    this.#given = options;
    this.#events = new Emitter(complete.logger);
    this.#host = new ConnectionHost(complete, this.#events);
  }

  /** For the parts of this library. */
  get internals(): ConnectionHost {
    return this.#host;
  }

  get state(): ConnectionState {
    return this.#host.supervisor.status.state;
  }

  /** Is the link up, and brought to the declared state? */
  get connected(): boolean {
    return this.#host.link !== undefined && this.#closed === undefined;
  }

  /** Why the broker blocks publishers; undefined when it does not. */
  get blocked(): string | undefined {
    return this.#host.blocked;
  }

  /** How many links there were so far. */
  get generation(): number {
    return this.#host.generation;
  }

  /** What the transport can do; undefined as long as its package is not loaded. */
  get capabilities(): Capabilities | undefined {
    return this.#host.capabilities;
  }

  /** Listens to an event; returns how to stop. What a listener throws is logged. */
  on<Name extends keyof ConnectionEvents>(name: Name, listener: (event: ConnectionEvents[Name]) => void): Unsubscribe {
    return this.#events.on(name, listener);
  }

  /**
   * Connects now: one attempt at each host, within `timeout` milliseconds for all (default 30000). Rejects with the error of the
   * last one: ConnectionError, AccessRefusedError, TransportNotInstalledError, UnknownTransportError or InvalidArgumentError.
   */
  async connect(wait: WaitOptions = {}): Promise<this> {
    const policy = { maxRetries: this.#host.options.urls.length - 1, intervalStart: 0, intervalStep: 0, jitter: false };
    await this.#connect(completePolicy(policy), wait);
    return this;
  }

  /**
   * Connects with retries: after each lap over all hosts it waits as the policy says. Without bounds, in the policy or here, it
   * tries until it is connected.
   */
  async ensureConnection(policy: RetryPolicy = {}, wait: WaitOptions = {}): Promise<this> {
    await this.#connect(completePolicy(policy), { timeout: wait.timeout ?? Infinity, signal: wait.signal });
    return this;
  }

  /** A new channel, opened. */
  async channel(wait: WaitOptions = {}): Promise<Channel> {
    const channel = new Channel(this.#host);
    try {
      await channel.open(wait);
    } catch (error) {
      await channel.close();
      throw error;
    }
    return channel;
  }

  /** The channel that producers of this connection share, and operations that name no channel. */
  get defaultChannel(): Channel {
    return this.#host.defaultChannel();
  }

  producer<T = unknown>(options: ProducerOptions<T> = {}): Producer<T> {
    return new Producer<T>(this, options);
  }

  /** A consumer, not started yet. */
  consumer<T = unknown>(queues: Queues<T>, options: Omit<ConsumerOptions<T>, 'queues'> = {}): Consumer<T> {
    return new Consumer<T>(this, { ...options, queues });
  }

  /** Starts consuming: the handler runs as messages arrive. */
  consume<T = unknown>(
    queues: Queues<T>,
    handler: Handler<T>,
    options: Omit<ConsumerOptions<T>, 'queues' | 'handler'> & WaitOptions = {},
  ): Promise<Consumer<T>> {
    return consumeOn(this, queues, handler, options);
  }

  /** The messages of queues, one by one: not asking for the next is the back-pressure. Ends when `signal` fires. */
  messages<T = unknown>(
    queues: Queues<T>,
    options: Omit<ConsumerOptions<T>, 'queues' | 'handler'> & { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Message<T>, void, undefined> {
    return messagesOn(this, queues, options);
  }

  /** A queue with `put` and `get`, for simple tasks. */
  simpleQueue<T = unknown>(queue: Queue<T> | string, options: SimpleQueueOptions = {}): SimpleQueue<T> {
    return new SimpleQueue<T>(this, queue, options);
  }

  /** Like `simpleQueue`, but nothing survives a restart and nothing is acked. */
  simpleBuffer<T = unknown>(queue: Queue<T> | string, options: SimpleQueueOptions = {}): SimpleBuffer<T> {
    return new SimpleBuffer<T>(this, queue, options);
  }

  /**
   * Sends a request to a queue, a queue's name, or an exchange, and resolves to the decoded reply: what the other side gave to
   * `message.reply`. All requests of a connection share one queue for replies. Rejects with TimeoutError when the reply does not
   * come in time, with UnroutableError when no queue takes the request (where the transport can tell), and with what a publish
   * rejects with. A link that breaks meanwhile may lose the reply; the request may have been carried out all the same.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what the other side answers
  request<R = unknown>(target: Queue | Exchange | string, body: unknown, options: RequestOptions = {}): Promise<R> {
    this.#requests ??= new Requests(this);
    return this.#requests.send<R>(target, body, options);
  }

  /** A pool of connections like this one. */
  pool(options: { readonly limit?: number } = {}): ConnectionPool {
    return new ConnectionPool(this, options.limit);
  }

  /** A pool of channels of this connection. */
  channelPool(options: { readonly limit?: number } = {}): ChannelPool {
    return new ChannelPool(this, options.limit);
  }

  /**
   * Resolves when an event was handled: the next one, or one that was handled since the last call. Rejects with TimeoutError.
   * Handlers run without it; it is for programs that wait.
   */
  async drainEvents(wait: WaitOptions = {}): Promise<void> {
    if (this.#host.handledCount === this.#drained) await this.#host.nextHandled(wait);
    this.#drained = this.#host.handledCount;
  }

  /**
   * Runs `operation`, and again after a reconnect when the link broke under it. `retryPolicy.maxRetries` bounds the repeats
   * (default 10). Everything else it throws passes through.
   */
  ensure<T>(operation: () => Promise<T>, retryPolicy: RetryPolicy = {}): Promise<T> {
    return ensure(this.#host, operation, retryPolicy);
  }

  /** A function that runs `operation` with a channel, and again after a reconnect; see `ensure`. */
  autoretry<Args extends unknown[], T>(
    operation: (channel: Channel, ...args: Args) => Promise<T>,
    retryPolicy: RetryPolicy = {},
  ): (...args: Args) => Promise<T> {
    return (...args) => this.ensure(() => operation(this.defaultChannel, ...args), retryPolicy);
  }

  /** A new connection with the same settings, changed as given. */
  clone(changes: ConnectionOptions = {}): Connection {
    const { alternates: _, ...given } = this.#given;
    return new Connection(this.#host.options.urls, { ...given, ...changes });
  }

  /**
   * Moves to another URL, or list of URLs, at the next use: declarations are forgotten, and a closed connection can be used
   * again. Existing channels, producers and consumers are closed.
   */
  async switch(url: string | readonly string[]): Promise<void> {
    const { alternates: _, ...given } = this.#given;
    const next = completeOptions(url, given);
    await this.close();
    this.#closed = undefined;
    this.#drained = 0;
    this.#host = new ConnectionHost(next, this.#events);
  }

  /** The settings in use, without secrets. */
  info(): ConnectionInfo {
    return connectionInfo(this.#host);
  }

  /** The URL in use. The password is masked unless asked for. */
  asUri({
    includePassword = false,
    mask = '**',
  }: { readonly includePassword?: boolean; readonly mask?: string } = {}): string {
    return connectionUri(this.#host, { includePassword, mask });
  }

  /** Does the transport route by this exchange type? Loads the transport's package if need be. */
  async supportsExchangeType(type: string): Promise<boolean> {
    if (!this.capabilities) await this.connect();
    return this.capabilities?.exchangeTypes.includes(type) ?? false;
  }

  /** Is each consumer, and the link, as it should be? By signs of life, not by what was asked for. */
  health(): ConnectionHealth {
    return connectionHealth(this.#host);
  }

  /** The object of the client library below, for what this library does not offer. Its type is the transport's to tell. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows which client it is
  unwrap<Native = unknown>(): Native | undefined {
    return this.#host.link?.unwrap?.() as Native | undefined;
  }

  /**
   * Closes, within `timeout` milliseconds (default `closeTimeout`, 10000): consumers stop, running handlers and loops at work on
   * a message finish, publishes in flight are answered, unsettled messages go back. Works in every state, never rejects, and is
   * idempotent.
   */
  close(options: WaitOptions = {}): Promise<CloseReport> {
    this.#requests?.abandon();
    this.#requests = undefined;
    this.#closed ??= closeConnection(this.#host, options);
    return this.#closed;
  }

  /** Kombu's name for `close`. */
  release(options: WaitOptions = {}): Promise<CloseReport> {
    return this.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #connect(policy: CompleteRetryPolicy, wait: WaitOptions): Promise<void> {
    await this.#host.supervisor.connect(policy, {
      timeout: wait.timeout ?? defaultConnectTimeout,
      signal: wait.signal,
    });
  }
}

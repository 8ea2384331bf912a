import type { Clock, Random } from '../clock.ts';
import type { ErrorCode } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Capabilities } from './capabilities.ts';
import type {
  BindingDeclaration,
  ConsumeOptions,
  ConsumeResult,
  ExchangeDeclaration,
  QueueDeclaration,
  QueueInfo,
} from './declarations.ts';
import type {
  Delivery,
  DeliveryTag,
  Envelope,
  PublishGuarantee,
  ReturnedMessage,
  Route,
  SettleOutcome,
} from './envelope.ts';

/** One place to connect to, parsed from one URL. Every part is decoded. */
export interface Target {
  readonly scheme: string;
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  readonly userid: string | undefined;
  readonly password: string | undefined;
  /** Without the leading slash; undefined when the URL names none. */
  readonly virtualHost: string | undefined;
  /** Query parameters that core does not know itself; the transport checks them against its options. */
  readonly query: Readonly<Record<string, string>>;
  readonly ssl: boolean | Readonly<Record<string, unknown>> | undefined;
  /** `options.transportOptions` of the connection; the transport owns their type, defaults and checks. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Milliseconds between heartbeats; 0 or undefined: the transport's default. */
  readonly heartbeat: number | undefined;
  /** All targets of the failover list, this one included, for brokers that take several (sentinels, ensembles). */
  readonly alternates: readonly Target[];
  /** The URL as given, for transports that parse it themselves. Holds secrets: never log it, use `display`. */
  readonly url: string;
  /** The URL with its secrets masked, for logs and errors. */
  readonly display: string;
}

/** What core lends to a transport. */
export interface TransportContext {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Fires when the attempt to connect is given up (connect timeout, close). Not for later: the connection has `close`. */
  readonly signal: AbortSignal;
}

/**
 * Level 1 of the SPI: a kind of broker that speaks AMQ semantics itself. A transport translates and holds no policy: no
 * retry, no reconnect (the client library's own is switched off), no buffering. It throws what its client library throws and
 * says what that means in `classify`.
 */
export interface Transport {
  /** As in the package's name: `redis` of `@kombu/transport-redis`. */
  readonly name: string;
  /** URL schemes without `:`. */
  readonly schemes: readonly string[];
  readonly capabilities: Capabilities;
  readonly defaultPort?: number;
  /** Only where the generic URL parser cannot read this broker's URLs. */
  parseUrl?(url: string): Partial<Target>;
  /** Masks the secrets of a URL that only `parseUrl` understands. */
  redact?(url: string, mask: string): string;
  /** One attempt. Rejects with whatever went wrong; settles soon after `ctx.signal` fires. */
  connect(target: Target, ctx: TransportContext): Promise<TransportConnection>;
  /** The one place where errors of the client library become ours. `INTERNAL` for what it does not know. */
  classify(error: unknown): ErrorCode;
}

/** A live link to a broker. It never comes back to life: core makes a new one. */
export interface TransportConnection {
  /** Resolves once, when the link is gone: with the reason, or with undefined after `close()`. Never rejects. */
  readonly closed: Promise<Error | undefined>;
  openChannel(events: ChannelEvents): Promise<TransportChannel>;
  /** Closes politely, then by force; always settles, soon, also on a dead link. Idempotent. */
  close(): Promise<void>;
  /** The client library's object, for `connection.unwrap()`. */
  unwrap?(): unknown;
}

/** What a channel tells its owner. The callbacks never throw. */
export interface ChannelEvents {
  delivery(delivery: Delivery): void;
  returned(message: ReturnedMessage): void;
  /** The broker cancelled a consumer (its queue is gone). Not called for `cancel`. */
  cancelled(consumerTag: string, reason?: Error): void;
  /** true: the broker takes no publishes for now (`connection.blocked`). */
  flow(blocked: boolean, reason?: string): void;
  /** The channel is gone: with the reason, or without after `close()`. */
  closed(error?: Error): void;
}

/** Who waits for a publish. Exactly one of these is called, once; maybe before `publishFor` returns. */
export interface PublishWaiter {
  published(guarantee: PublishGuarantee): void;
  /** With what `publish` would reject with. */
  failed(error: unknown): void;
}

/**
 * A unit of work on a connection. Methods may be called concurrently. An error that ends the channel rejects the call that
 * caused it and then fires `events.closed`; other calls under way reject with `CHANNEL_ERROR`, for the refusal is not theirs.
 */
export interface TransportChannel {
  /** `PRECONDITION_FAILED` when it exists with other properties. */
  declareExchange(exchange: ExchangeDeclaration): Promise<void>;
  deleteExchange(name: string, options: { readonly ifUnused: boolean }): Promise<void>;
  declareQueue(queue: QueueDeclaration): Promise<QueueInfo>;
  /** Resolves to the number of messages that went with it. */
  deleteQueue(name: string, options: { readonly ifUnused: boolean; readonly ifEmpty: boolean }): Promise<number>;
  /** Removes the ready messages; resolves to their number. */
  purgeQueue(name: string): Promise<number>;
  /** Idempotent. `NOT_FOUND` when an end does not exist. */
  bind(binding: BindingDeclaration): Promise<void>;
  unbind(binding: BindingDeclaration): Promise<void>;
  /**
   * Resolves when the broker has the message (`confirm`) or when it was handed on. Rejects with `UNROUTABLE`, `NACKED`,
   * `PUBLISH_UNCERTAIN` (sent, the answer never came), `CONNECTION_LOST` (certainly not sent), or a channel error.
   */
  publish(envelope: Envelope, route: Route): Promise<PublishGuarantee>;
  /**
   * As `publish`, but tells a waiter instead of making a promise: for transports so fast that a promise for each message
   * shows. Absent: core uses `publish`.
   */
  publishFor?(envelope: Envelope, route: Route, waiter: PublishWaiter): void;
  /** One ready message or undefined, at once. */
  get(
    queue: string,
    options: { readonly noAck: boolean },
  ): Promise<(Delivery & { readonly messageCount?: number }) | undefined>;
  /** Resolves when the broker counts the consumer as subscribed. Deliveries may come before. */
  consume(options: ConsumeOptions): Promise<ConsumeResult | void>;
  /** Resolves when no further delivery will come. What was fetched but not delivered goes back to the queue. */
  cancel(consumerTag: string): Promise<void>;
  /** Changes the credit of a running consumer; 0: no limit. */
  setPrefetch(consumerTag: string, prefetch: number): Promise<void>;
  /**
   * `multiple`: this one and all earlier unsettled deliveries of the channel. A link or channel that breaks makes it
   * `lease-lost`; it rejects for a tag that the channel never gave or that was settled before, and for what the broker
   * refuses.
   */
  ack(tag: DeliveryTag, options?: { readonly multiple?: boolean }): Promise<SettleOutcome>;
  /**
   * `requeue: true`: back to the queue it came from, marked as redelivered, hidden for `delay` milliseconds where the
   * transport can. `requeue: false`: to the dead-letter exchange of its queue, or gone.
   */
  reject(tag: DeliveryTag, options: { readonly requeue: boolean; readonly delay?: number }): Promise<SettleOutcome>;
  /** Gives all unsettled deliveries of the channel back to their queues. */
  recover(): Promise<void>;
  /**
   * When the broker was last heard of for this consumer (a read that came back, also empty; a heartbeat), in wall-clock
   * milliseconds. Absent: nobody knows, and only the link's state tells whether the consumer is well.
   */
  lastReadAt?(consumerTag: string): number | undefined;
  /** Cancels the consumers, gives unsettled deliveries back, and settles soon in every state. */
  close(): Promise<void>;
}

import type { KombuError } from '../errors.ts';
import { MessageStateError, UnsupportedError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { guardLogger } from '../logger.ts';
import type { CompressorRegistry } from '../codec/compression.ts';
import type { CodecLimits } from '../codec/limits.ts';
import type { SerializerRegistry } from '../codec/serializers.ts';
import type { Delivery, DeliveryTag, Headers, MessageProperties, SettleOutcome } from '../spi/envelope.ts';
import type { ChannelSession } from './channel-session.ts';
import type { PublishOptions, PublishResult } from './publish-options.ts';
import { replyOptions, type ReplyOptions } from './reply-options.ts';

/** Where a message came from and how. */
export interface DeliveryInfo {
  readonly exchange: string;
  readonly routingKey: string;
  readonly redelivered: boolean;
  /** undefined on the result of `get`. */
  readonly consumerTag: string | undefined;
  /** The queue, where the transport knows it. */
  readonly queue: string | undefined;
  readonly priority: number | undefined;
}

/** `received` is the only state in which a message can be settled. */
export type MessageState = 'received' | 'acked' | 'rejected' | 'requeued';

/** What messages share: how to decode, and whom to tell when they are settled. */
export interface MessageContext {
  readonly serializers: SerializerRegistry;
  readonly compressors: CompressorRegistry;
  readonly limits: CodecLimits;
  /** Content types that may be decoded; undefined: every enabled one. */
  readonly accept: ReadonlySet<string> | undefined;
  readonly noAck: boolean;
  readonly logger: Logger;
  wrap(error: unknown, doing: string): KombuError;
  publish(body: unknown, options: PublishOptions): Promise<PublishResult>;
  /** Called once, when the message of this number leaves the state `received`; `multiple`: with all before it. */
  settled?(number: number, multiple: boolean): void;
}

const undecoded = Symbol('undecoded');

/**
 * A message as a handler gets it. The body stays bytes until `payload` is read. It has to be settled exactly once: by `ack`,
 * `reject` or `requeue`.
 */
export class Message<T = unknown> {
  readonly #delivery: Delivery;
  readonly #session: ChannelSession;
  readonly #context: MessageContext;
  readonly #number: number;
  #state: MessageState = 'received';
  #payload: unknown = undecoded;
  // Made on first use: most messages never ask.
  #ownership: AbortController | undefined;
  #unwatch: (() => void) | undefined;
  #givenBack: Error | undefined;

  /** For consumers; applications get messages from them. `number`: by which the consumer knows it. */
  constructor(delivery: Delivery, session: ChannelSession, context: MessageContext, number = 0) {
    this.#delivery = delivery;
    this.#session = session;
    this.#context = context;
    this.#number = number;
  }

  /** The body as it travelled: serialized, and compressed if `headers.compression` says so. */
  get body(): Buffer {
    return this.#delivery.envelope.body;
  }

  /**
   * The decoded body, decoded on first read and kept. Throws DecodeError when it is malformed or beyond the limits, and
   * ContentDisallowedError when its content type is not accepted.
   */
  get payload(): T {
    if (this.#payload === undecoded) this.#payload = this.#decode();
    return this.#payload as T;
  }

  get contentType(): string | undefined {
    return this.#delivery.envelope.contentType;
  }

  get contentEncoding(): string | undefined {
    return this.#delivery.envelope.contentEncoding;
  }

  get headers(): Headers {
    return this.#delivery.envelope.headers;
  }

  get properties(): MessageProperties {
    return this.#delivery.envelope.properties;
  }

  get deliveryInfo(): DeliveryInfo {
    const { exchange, routingKey, redelivered, consumerTag, queue } = this.#delivery;
    return { exchange, routingKey, redelivered, consumerTag, queue, priority: this.properties.priority };
  }

  get deliveryTag(): DeliveryTag {
    return this.#delivery.deliveryTag;
  }

  /** How often it was delivered before this time; undefined where nobody counts. */
  get deliveryCount(): number | undefined {
    return this.#delivery.deliveryCount;
  }

  /** Was it settled, in whatever way? */
  get acknowledged(): boolean {
    return this.#state !== 'received';
  }

  get state(): MessageState {
    return this.#state;
  }

  /** Why the delivery itself could not be read; undefined for all but foreign or damaged messages. */
  get error(): Error | undefined {
    return this.#delivery.error;
  }

  /**
   * Fires when the message is no longer ours, though unsettled: its lease or its channel is lost, or its consumer closed and
   * gave it back. Another consumer may have it then.
   */
  get signal(): AbortSignal {
    this.#ownership ??= this.#watch();
    return this.#ownership.signal;
  }

  /**
   * Done: the broker forgets it. `multiple`: and all earlier unsettled messages of the channel. Resolves to `lease-lost` when
   * the broker no longer counts it as ours. Rejects with MessageStateError when it was settled before.
   */
  ack(options: { readonly multiple?: boolean } = {}): Promise<SettleOutcome> {
    return this.#settle('acked', options.multiple ? { multiple: true } : undefined);
  }

  /** Not wanted. `requeue`: by us; otherwise by nobody: it goes to the dead-letter exchange of its queue, or is gone. */
  reject(options: { readonly requeue?: boolean } = {}): Promise<SettleOutcome> {
    return this.#settle(options.requeue ? 'requeued' : 'rejected');
  }

  /** Back to the queue it came from, marked as redelivered. `delay`: hidden for so many milliseconds, where the transport can. */
  requeue(options: { readonly delay?: number } = {}): Promise<SettleOutcome> {
    return this.#settle('requeued', options.delay ? { delay: options.delay } : undefined);
  }

  /**
   * Answers the sender of a request: to its `replyTo`, with its `correlationId`, in its serialization unless `serializer` says
   * otherwise. The message still has to be settled. Rejects with InvalidArgumentError when no reply is wanted.
   */
  async reply(body: unknown, options: ReplyOptions = {}): Promise<PublishResult> {
    return this.#context.publish(body, { ...replyOptions(this, this.#context.serializers), ...options });
  }

  /** Acks, and logs what goes wrong instead of rejecting. */
  async ackLogError(logger: Logger = this.#context.logger): Promise<void> {
    await this.ack().catch((error: unknown) =>
      guardLogger(logger).error('A message could not be acked', { error, ...this.#facts() }),
    );
  }

  /** Rejects the message, and logs what goes wrong instead of rejecting the promise. */
  async rejectLogError(
    logger: Logger = this.#context.logger,
    options: { readonly requeue?: boolean } = {},
  ): Promise<void> {
    await this.reject(options).catch((error: unknown) =>
      guardLogger(logger).error('A message could not be rejected', { error, ...this.#facts() }),
    );
  }

  toString(): string {
    const { exchange, routingKey, deliveryTag } = this.#delivery;
    return `Message ${String(deliveryTag)} from exchange '${exchange}' with key '${routingKey}' (${this.#state})`;
  }

  #facts(): Record<string, unknown> {
    return { messageId: this.properties.messageId, deliveryTag: this.deliveryTag, queue: this.#delivery.queue };
  }

  #decode(): unknown {
    const { envelope, error } = this.#delivery;
    if (error) throw error;
    const { serializers, compressors, limits, accept } = this.#context;
    const compression = envelope.headers['compression'];
    const body =
      typeof compression === 'string' ? compressors.decompress(envelope.body, compression, limits) : envelope.body;
    return serializers.loads(
      body,
      envelope.contentType,
      envelope.contentEncoding,
      accept ? { accept, limits } : { limits },
    );
  }

  #settle(
    state: Exclude<MessageState, 'received'>,
    options?: { readonly multiple?: boolean; readonly delay?: number },
  ): Promise<SettleOutcome> {
    // Kombu ignores settling where the broker has forgotten the message on delivery.
    if (this.#context.noAck) return Promise.resolve('ok');
    if (this.#state !== 'received') {
      return refused(
        new MessageStateError(`The message was ${this.#state} already: ${this.toString()}`),
        this.#context.logger,
      );
    }
    this.#state = state;
    const { channel } = this.#session;
    const outcome = this.#session.alive
      ? this.#send(channel, state, options)
      : Promise.resolve<SettleOutcome>('lease-lost');
    this.#unwatch?.();
    this.#context.settled?.(this.#number, options?.multiple === true);
    return outcome;
  }

  /** For consumers: has its lease ended, as far as can be known here? To read `signal` for this would make one. */
  isStale(now: number): boolean {
    return (this.#delivery.leaseUntil ?? Infinity) <= now;
  }

  /** For consumers: back to the queue, whether or not a handler is at work on it. */
  async giveBack(reason: Error): Promise<void> {
    if (this.acknowledged) return;
    this.#givenBack = reason;
    const requeued = this.requeue();
    this.#ownership?.abort(reason);
    // What failed is logged, and the message comes back with the end of its channel.
    await requeued.catch(() => {});
  }

  #watch(): AbortController {
    const ownership = new AbortController();
    if (this.#givenBack) ownership.abort(this.#givenBack);
    if (this.acknowledged) return ownership;
    const lease = this.#delivery.signal;
    if (lease?.aborted) ownership.abort(lease.reason);
    lease?.addEventListener('abort', () => ownership.abort(lease.reason), { once: true });
    // Not by AbortSignal.any: in Node 20 a long-lived signal remembers each one that was made of it.
    this.#unwatch = this.#session.onEnd((reason) => ownership.abort(reason));
    return ownership;
  }

  /** For consumers: a later message was acked with `multiple`. */
  settledWithAnother(): void {
    this.#state = 'acked';
    this.#context.settled?.(this.#number, false);
  }

  #send(
    channel: ChannelSession['channel'],
    state: Exclude<MessageState, 'received'>,
    options?: { readonly multiple?: boolean; readonly delay?: number },
  ): Promise<SettleOutcome> {
    const tag = this.#delivery.deliveryTag;
    const delay = options?.delay;
    const sent =
      state === 'acked'
        ? channel.ack(tag, options)
        : channel.reject(tag, delay ? { requeue: true, delay } : { requeue: state === 'requeued' });
    const outcome: Promise<SettleOutcome> = sent.catch((error: unknown) => {
      // Handlers need not wait for their settlements: a rejection that nobody sees must not end the process.
      outcome.catch(() => {});
      return this.#failed(error, state);
    });
    return outcome;
  }

  /** A link that breaks under a settlement leaves the message with the broker, which will deliver it again. */
  #failed(error: unknown, state: string): SettleOutcome | Promise<never> {
    if (!this.#session.alive) return 'lease-lost';
    const wrapped = this.#context.wrap(error, `Settling a message (${state})`);
    if (wrapped.code === 'CONNECTION_LOST' || wrapped.code === 'CONNECTION_FAILED') return 'lease-lost';
    if (wrapped instanceof UnsupportedError) this.#state = 'received';
    return refused(wrapped, this.#context.logger);
  }
}

/**
 * A rejection that is safe to forget: a handler that does not wait for its ack must not take the process down. It is logged,
 * so that it does not vanish either.
 */
function refused(error: Error, logger: Logger): Promise<never> {
  logger.warn(error.message, { error });
  const rejection = Promise.reject(error);
  rejection.catch(() => {});
  return rejection;
}

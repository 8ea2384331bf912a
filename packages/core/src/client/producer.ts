import type { KombuError } from '../errors.ts';
import { InvalidArgumentError, UnroutableError, isConnectionError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import { completePolicy, retryOverTime, withoutUndefined } from '../reliability/retry.ts';
import { Window } from '../reliability/window.ts';
import { asLost } from './as-lost.ts';
import type { ChannelSession } from './channel-session.ts';
import type { Channel } from './channel.ts';
import { channelOf } from './channel-of.ts';
import { checkDelay } from './check-delay.ts';
import { closedError } from './closed-error.ts';
import { guarded } from './emitter.ts';
import { buildEnvelope } from './envelope-builder.ts';
import type { Exchange } from './exchange.ts';
import type { Host, HostedProducer, Place } from './host.ts';
import { isDeclared, maybeDeclare } from './maybe-declare.ts';
import type { AttemptOwner } from './publish-attempt.ts';
import { PublishAttempt } from './publish-attempt.ts';
import { PublishLine } from './publish-line.ts';
import type { ProducerOptions, PublishOptions, PublishResult } from './publish-options.ts';
import { checkProducerOptions, checkPublishOptions } from './publish-options.ts';
import type { Queue } from './queue.ts';

const defaultCloseTimeout = 30_000;
const none: readonly never[] = [];

/**
 * Publishes messages. A publish resolves when the broker has the message, and rejects with an error that says what became of
 * it. What is in flight is bounded by a window; further publishes wait for room, within their timeout.
 */
export class Producer<T = unknown> implements HostedProducer, AsyncDisposable {
  readonly #place: Place;
  readonly #channel: Channel;
  readonly #defaults: PublishOptions<T>;
  readonly #options: ProducerOptions<T>;
  readonly #hasDefaults: boolean;
  readonly #window: Window;
  readonly #attempts: AttemptOwner;
  readonly #line: PublishLine;
  #closed: Promise<{ abandoned: number }> | undefined;

  /** @param place - A channel, or a connection for its default channel. Nothing is opened before the first use. */
  constructor(place: Place, options: ProducerOptions<T> = {}) {
    checkProducerOptions(options);
    this.#place = place;
    this.#channel = channelOf(place);
    this.#options = options;
    const { autoDeclare: _a, maxInFlight: _m, maxInFlightBytes: _b, onReturn: _r, ...defaults } = options;
    this.#defaults = withoutUndefined(defaults);
    this.#hasDefaults = Object.keys(this.#defaults).length > 0;
    this.#window = new Window(options.maxInFlight ?? 10_000, options.maxInFlightBytes ?? 64 * 1024 * 1024);
    this.#attempts = {
      deadlines: place.internals.deadlines,
      ended: (attempt) => {
        this.#window.leave(attempt.bytes);
        if (this.#window.messages === 0) this.#enlist();
      },
      explain: (error, attempt) => this.#explain(error, attempt),
    };
    this.#line = new PublishLine({
      place,
      channel: this.#channel,
      window: this.#window,
      send: (session, attempt) => this.#send(session, attempt),
      changed: () => this.#enlist(),
    });
  }

  /** For the parts of this library; may change in any release. */
  get internals(): Host {
    return this.#place.internals;
  }

  /** Publishes in flight. */
  get inFlight(): number {
    return this.#window.messages;
  }

  /**
   * Publishes one message. Rejects with: TimeoutError (deadline passed), AbortedError, PublishUncertainError (the link broke
   * before the broker answered), MessageNackedError, UnroutableError (`mandatory`), NotFoundError (no such exchange),
   * ConnectionError (`BLOCKED`, `CLOSED`), EncodeError, or what a declaration met.
   */
  publish<Body extends T = T>(body: Body, options: PublishOptions<Body> = {}): Promise<PublishResult> {
    try {
      checkPublishOptions(options);
      // Not by spreading: a second source makes V8 build a slow object, at 1.5 µs for each message.
      const complete = this.#hasDefaults ? Object.assign({}, this.#defaults as PublishOptions, options) : options;
      return this.#publish(body, complete);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Declares the producer's exchange, and whatever else is given, once per connection. */
  async declare(...entities: readonly (Exchange | Queue)[]): Promise<void> {
    const own = this.#ownExchange();
    for (const entity of own ? [own, ...entities] : entities) await maybeDeclare(entity, this.#place);
  }

  /** Resolves when nothing is in flight any more. */
  flush(wait: WaitOptions = {}): Promise<void> {
    return bounded(this.#window.idle(), wait, this.#place.internals.clock, 'Flushing a producer');
  }

  /** Waits for what is in flight, at most `timeout` milliseconds (default 30000); later publishes reject. Idempotent. */
  close(wait: WaitOptions = {}): Promise<{ readonly abandoned: number }> {
    this.#closed ??= this.#close(wait);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close({ timeout = defaultCloseTimeout, signal }: WaitOptions): Promise<{ abandoned: number }> {
    const { logger } = this.#place.internals;
    await this.flush({ timeout, signal }).catch((error: unknown) =>
      logger.warn('A producer was closed with publishes in flight', { error, inFlight: this.inFlight }),
    );
    return { abandoned: this.#window.messages + this.#window.waiting };
  }

  #publish(body: unknown, options: PublishOptions): Promise<PublishResult> {
    if (this.#closed) throw closedError();
    const owner = this.#place.internals;
    const attempt = new PublishAttempt(buildEnvelope(body, options, owner), options, owner.clock.now());
    checkDelay(attempt.route, owner.capabilities);
    const entities = this.#entities(options);
    const { session } = this.#channel;
    if (
      session &&
      this.#line.size === 0 &&
      owner.blocked === undefined &&
      !options.retry &&
      !attempt.signal?.aborted &&
      isDeclared(entities, owner) &&
      this.#window.tryEnter(attempt.bytes)
    ) {
      return this.#send(session, attempt);
    }
    return this.#publishInTurn(entities, options, attempt);
  }

  /** The way with waits in it, and with another try if the options say so. */
  #publishInTurn(
    entities: readonly (Exchange | Queue)[],
    options: PublishOptions,
    attempt: PublishAttempt,
  ): Promise<PublishResult> {
    const once = async (): Promise<PublishResult> => (await this.#line.pass(entities, attempt)).answer;
    if (!options.retry) return once();
    const { clock, random } = this.#place.internals;
    return retryOverTime(once, completePolicy({ timeout: attempt.timeout, ...options.retryPolicy }), {
      clock,
      random,
      signal: attempt.signal,
      isRetryable: (error) => isConnectionError(error) || (error as KombuError).code === 'PUBLISH_UNCERTAIN',
    });
  }

  #send(session: ChannelSession, attempt: PublishAttempt): Promise<PublishResult> {
    if (this.#window.messages === 1) this.#enlist();
    return attempt.send(session, this.#attempts);
  }

  /** The connection waits for its producers when it closes, but does not remember idle ones. */
  #enlist(): void {
    const { producers } = this.#place.internals;
    if (this.#window.messages > 0 || this.#line.size > 0) producers.add(this);
    else producers.delete(this);
  }

  #explain(error: unknown, { envelope, route }: PublishAttempt): KombuError {
    const { exchange, routingKey } = route;
    const owner = this.#place.internals;
    const wrapped = owner.wrap(error, `Publishing to exchange '${exchange}' with key '${routingKey}'`);
    const { onReturn } = this.#options;
    if (wrapped instanceof UnroutableError && onReturn) {
      const returned = { envelope, exchange, routingKey, replyCode: 312, replyText: 'NO_ROUTE' };
      guarded(() => onReturn(returned), owner.logger, 'onReturn');
    }
    return owner.isClosing || this.#channel.isClosed ? wrapped : asLost(wrapped);
  }

  #entities(options: PublishOptions): readonly (Exchange | Queue)[] {
    const own = this.#ownExchange();
    if (!own) return options.declare ?? none;
    return options.declare ? [own, ...options.declare] : [own];
  }

  /** The exchange that is declared without being asked: the producer's own, but not one given for a single publish. */
  #ownExchange(): Exchange | undefined {
    const { exchange, autoDeclare = true } = this.#options;
    if (!autoDeclare || typeof exchange !== 'object') return undefined;
    if (typeof exchange.declare !== 'function') {
      throw new InvalidArgumentError(
        'The exchange of a producer is an Exchange or a name; read plain objects with Exchange.from()',
      );
    }
    return exchange;
  }
}

import type { KombuError } from '../errors.ts';
import {
  ConnectionError,
  InvalidArgumentError,
  TimeoutError,
  UnroutableError,
  UnsupportedError,
  isConnectionError,
} from '../errors.ts';
import { checkKeys } from '../registry/options.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded, timeoutError } from '../reliability/deadline.ts';
import { completePolicy, retryOverTime, withoutUndefined } from '../reliability/retry.ts';
import { Window } from '../reliability/window.ts';
import type { Capabilities } from '../spi/capabilities.ts';
import type { Route } from '../spi/envelope.ts';
import type { ChannelSession } from './channel-session.ts';
import type { Channel } from './channel.ts';
import { channelOf } from './channel-of.ts';
import { buildEnvelope } from './envelope-builder.ts';
import type { Exchange } from './exchange.ts';
import { guarded } from './emitter.ts';
import type { HostedProducer, Place } from './host.ts';
import { isDeclared, maybeDeclare } from './maybe-declare.ts';
import { PublishAttempt } from './publish-attempt.ts';
import type { AttemptOwner } from './publish-attempt.ts';
import type { ProducerOptions, PublishOptions, PublishResult } from './publish-options.ts';
import type { Queue } from './queue.ts';
import { closedError } from './supervisor.ts';

const defaultTimeout = 30_000;
const doing = 'Publishing';

const defaultKeys = [
  'exchange',
  'routingKey',
  'serializer',
  'compression',
  'headers',
  'priority',
  'expiration',
  'deliveryMode',
  'mandatory',
  'confirm',
  'retry',
  'retryPolicy',
  'timeout',
  'appId',
  'userId',
  'type',
  'replyTo',
] as const;
const producerKeys = [...defaultKeys, 'autoDeclare', 'maxInFlight', 'maxInFlightBytes', 'onReturn'];
const publishKeys: ReadonlySet<string> = new Set([
  ...defaultKeys,
  'declare',
  'contentType',
  'contentEncoding',
  'delay',
  'correlationId',
  'messageId',
  'timestamp',
  'signal',
  'properties',
]);

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
  #waiting = 0;
  #line: Promise<unknown> = Promise.resolve();
  #closed: Promise<{ abandoned: number }> | undefined;

  /** @param place - A channel, or a connection for its default channel. Nothing is opened before the first use. */
  constructor(place: Place, options: ProducerOptions<T> = {}) {
    checkKeys(options, producerKeys, 'option of a producer');
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
        this.#leave();
      },
      explain: (error, attempt) => this.#explain(error, attempt),
    };
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
      for (const key in options) if (!publishKeys.has(key)) checkKeys(options, [...publishKeys], 'option of publish()');
      const complete = this.#hasDefaults ? { ...(this.#defaults as PublishOptions), ...options } : options;
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

  async #close(wait: WaitOptions): Promise<{ abandoned: number }> {
    const owner = this.#place.internals;
    await this.flush({ timeout: wait.timeout ?? defaultTimeout, signal: wait.signal }).catch((error: unknown) =>
      owner.logger.warn('A producer was closed with publishes in flight', { error, inFlight: this.inFlight }),
    );
    return { abandoned: this.#window.messages + this.#window.waiting };
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
    return wrapped;
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
      this.#waiting === 0 &&
      owner.blocked === undefined &&
      !options.retry &&
      !attempt.signal?.aborted &&
      isDeclared(entities, owner) &&
      this.#window.tryEnter(attempt.bytes)
    ) {
      return this.#send(session, attempt);
    }
    return this.#publishSlowly(entities, options, attempt);
  }

  /** The way with waits in it: for a link, a declaration, room in the window, or another try. */
  #publishSlowly(
    entities: readonly (Exchange | Queue)[],
    options: PublishOptions,
    attempt: PublishAttempt,
  ): Promise<PublishResult> {
    const once = async (): Promise<PublishResult> => (await this.#sendInTurn(entities, attempt)).answer;
    if (!options.retry) return once();
    const owner = this.#place.internals;
    return retryOverTime(once, completePolicy({ timeout: attempt.timeout, ...options.retryPolicy }), {
      clock: owner.clock,
      random: owner.random,
      signal: attempt.signal,
      isRetryable: (error) => isConnectionError(error) || (error as KombuError).code === 'PUBLISH_UNCERTAIN',
    });
  }

  /** Publishes that have to wait do so one behind the other, so that they reach the broker in the order of the calls. */
  async #sendInTurn(
    entities: readonly (Exchange | Queue)[],
    attempt: PublishAttempt,
  ): Promise<{ readonly answer: Promise<PublishResult> }> {
    const owner = this.#place.internals;
    const wait = (): WaitOptions => ({ timeout: Math.max(0, attempt.at - owner.clock.now()), signal: attempt.signal });
    const why = (): Error | undefined => owner.lastError;
    this.#waiting += 1;
    owner.producers.add(this);
    let entered = false;
    try {
      await this.#window.enter(attempt.bytes, wait(), owner.clock, doing, why);
      entered = true;
      const turn = this.#line.then(async () => {
        const session = entered && (await this.#prepare(entities, attempt.route, wait));
        // Given up while it waited.
        if (!session || !entered) throw timeoutError(doing, attempt.timeout);
        // From here on whatever ends the attempt leaves the window.
        entered = false;
        return { answer: this.#send(session, attempt) };
      });
      this.#line = turn.catch(() => {});
      return await bounded(turn, wait(), owner.clock, doing, why);
    } catch (error) {
      throw error instanceof TimeoutError && owner.blocked !== undefined ? blockedError(owner.blocked, error) : error;
    } finally {
      this.#waiting -= 1;
      if (entered) this.#window.leave(attempt.bytes);
      entered = false;
      this.#leave();
    }
  }

  #send(session: ChannelSession, attempt: PublishAttempt): Promise<PublishResult> {
    // The connection waits for its producers when it closes, but does not remember idle ones.
    if (this.#window.messages === 1) this.#place.internals.producers.add(this);
    return attempt.send(session, this.#attempts);
  }

  #leave(): void {
    if (this.#window.messages === 0 && this.#waiting === 0) this.#place.internals.producers.delete(this);
  }

  async #prepare(
    entities: readonly (Exchange | Queue)[],
    route: Route,
    wait: () => WaitOptions,
  ): Promise<ChannelSession> {
    const owner = this.#place.internals;
    for (const entity of entities) await maybeDeclare(entity, this.#place, wait());
    if (owner.blocked !== undefined) await owner.unblocked(wait(), doing);
    const session = await this.#channel.open(wait(), doing);
    // Only now is it certain that the transport is known.
    checkDelay(route, owner.capabilities);
    return session;
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

const none: readonly never[] = [];

/** Throws UnsupportedError for a delay that this transport would ignore. */
function checkDelay({ delay }: Route, capabilities: Capabilities | undefined): void {
  if (delay === undefined || !capabilities || capabilities.delay) return;
  throw new UnsupportedError('This transport cannot delay messages: publish without `delay`');
}

function blockedError(reason: string, cause: Error): ConnectionError {
  return new ConnectionError(`The broker blocks publishers (${reason}); the message was not sent`, {
    code: 'BLOCKED',
    cause,
  });
}

import { AbortedError, ChannelError, ConnectionError, InvalidArgumentError, isConnectionError } from '../errors.ts';
import type { KombuError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import { completePolicy, retryInterval, sleep } from '../reliability/retry.ts';
import { SharedWork } from '../reliability/shared-work.ts';
import type { Delivery } from '../spi/envelope.ts';
import type { ChannelEvents, TransportConnection } from '../spi/transport.ts';
import { ChannelSession } from './channel-session.ts';
import { defaultOperationTimeout } from './control.ts';
import type { Host, Place } from './host.ts';
import type { Subscription } from './subscription.ts';
import { closedError } from './supervisor.ts';

/** Errors after which subscribing again cannot help. Everything else is tried again with back-off. */
const hopeless = new Set(['PRECONDITION_FAILED', 'ACCESS_REFUSED', 'UNSUPPORTED', 'INVALID_ARGUMENT', 'CLOSED']);

/**
 * A unit of work on a connection: the place where messages are published, consumed and settled. It outlives broken links and
 * channel errors: the channel of the broker below is opened anew and its consumers are subscribed again.
 */
export class Channel implements Place, AsyncDisposable {
  readonly internals: Host;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #policy = completePolicy();
  readonly #opening: SharedWork<ChannelSession> = new SharedWork((signal) => this.#open(signal));
  #session: ChannelSession | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  /** For the connection; applications call `connection.channel()`. */
  constructor(owner: Host) {
    this.internals = owner;
  }

  /** Is the channel of the broker open now? */
  get isOpen(): boolean {
    return this.#session?.alive === true;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** The live session, if there is one: the hot path's way around a promise. */
  get session(): ChannelSession | undefined {
    return this.#session;
  }

  /** The live session, opened if need be. */
  async open(wait: WaitOptions, doing = 'Opening a channel'): Promise<ChannelSession> {
    if (this.#session) return this.#session;
    if (this.#closed) throw closedError();
    const bounds = { timeout: wait.timeout ?? defaultOperationTimeout, signal: wait.signal };
    return this.#opening.join(bounds, this.internals.clock, doing, () => this.internals.lastError);
  }

  /**
   * Subscribes and stays subscribed until `unsubscribe`. Rejects when the broker refuses this first time; resolves when it is
   * unsubscribed meanwhile.
   */
  async subscribe(subscription: Subscription, wait: WaitOptions = {}): Promise<void> {
    const { consumerTag, queue } = subscription.options;
    if (this.#closed) throw closedError();
    if (this.#subscriptions.has(consumerTag)) {
      throw new InvalidArgumentError(`There is a consumer with the tag '${consumerTag}' on this channel already`);
    }
    this.#subscriptions.set(consumerTag, subscription);
    const doing = `Consuming from queue '${queue}'`;
    const bounds = { timeout: wait.timeout ?? defaultOperationTimeout, signal: wait.signal };
    try {
      await bounded(this.#setUp(subscription, doing), bounds, this.internals.clock, doing);
    } catch (error) {
      if (!subscription.wanted && !this.#closed) return;
      // The broker may come to count it as subscribed after all.
      this.unsubscribe(subscription).catch((failure: unknown) => {
        this.internals.logger.debug(`${doing} was given up`, { error: failure });
      });
      throw error;
    }
  }

  /** Ends a subscription. After it resolves no delivery comes; also not after a reconnect. */
  async unsubscribe(subscription: Subscription): Promise<void> {
    const { consumerTag, queue } = subscription.options;
    subscription.cancel(new AbortedError(`The consumer '${consumerTag}' was cancelled`));
    const { session } = subscription;
    try {
      // A cancel that overtakes its consume would cancel nothing.
      if (session?.alive) await subscription.answered;
      if (session?.alive) await session.channel.cancel(consumerTag);
    } catch (error) {
      // On a broken link the subscription is gone all the same.
      const wrapped = this.internals.wrap(error, `Cancelling consumer '${consumerTag}'`);
      if (session?.alive && !isConnectionError(wrapped)) throw wrapped;
    } finally {
      this.#subscriptions.delete(consumerTag);
    }
    this.internals.queueLeft(queue);
  }

  /** Changes the credit of a running subscription, now and after reconnects. */
  async setPrefetch(subscription: Subscription, prefetch: number): Promise<void> {
    subscription.options = { ...subscription.options, prefetch };
    const { session } = subscription;
    if (session?.alive && subscription.phase === 'consuming') {
      await session.channel.setPrefetch(subscription.options.consumerTag, prefetch);
    }
  }

  /** The subscriptions that are wanted. */
  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions;
  }

  /** Gives all unsettled messages of this channel back to their queues. */
  async recover(): Promise<void> {
    if (this.#session) await this.#session.channel.recover();
  }

  /** Closes for good: consumers are cancelled and unsettled messages go back to their queues. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const reason = closedError();
    this.internals.channels.delete(this);
    this.#opening.stop(reason);
    for (const subscription of this.#subscriptions.values()) {
      subscription.cancel(reason);
      subscription.sink.interrupted(reason);
    }
    this.#subscriptions.clear();
    const session = this.#session;
    if (!session) return;
    try {
      await session.channel.close();
    } finally {
      this.#ended(session, reason);
    }
  }

  async #open(signal: AbortSignal): Promise<ChannelSession> {
    const owner = this.internals;
    const doing = 'Opening a channel';
    owner.channels.add(this);
    for (;;) {
      const link = await owner.ready({ signal, timeout: Infinity }, doing);
      try {
        return await this.#openOn(link, signal);
      } catch (cause) {
        const error = owner.wrap(cause, doing);
        if (!isConnectionError(error) || signal.aborted) throw error;
        await owner.dropLink(link, error);
      }
    }
  }

  async #openOn(link: TransportConnection, signal: AbortSignal): Promise<ChannelSession> {
    let session: ChannelSession | undefined;
    let early: Error | undefined;
    const events: ChannelEvents = {
      delivery: (delivery) => this.#deliver(delivery, session as ChannelSession),
      returned: (message) => this.internals.returned(message),
      cancelled: (tag, reason) => this.#cancelledByBroker(tag, reason),
      flow: (blocked, reason) => this.internals.flow(blocked, reason),
      closed: (error = new ChannelError('The broker closed the channel')) => {
        if (session) this.#ended(session, error);
        else early = error;
      },
    };
    const channel = await link.openChannel(events);
    if (early) throw early;
    session = new ChannelSession(channel, this.internals.generation);
    if (signal.aborted || this.internals.link !== link) {
      await channel.close();
      signal.throwIfAborted();
      throw this.internals.lastError ?? new ConnectionError('The link broke');
    }
    this.#session = session;
    return session;
  }

  #deliver(delivery: Delivery, session: ChannelSession): void {
    const subscription = this.#subscriptions.get(delivery.consumerTag as string);
    // What crosses the cancel on its way belongs to others, unless nobody else can get it any more.
    if (subscription && (subscription.wanted || subscription.options.noAck)) {
      subscription.lastDeliveryAt = this.internals.clock.now();
      subscription.sink.deliver(delivery, session);
    } else {
      session.channel.reject(delivery.deliveryTag, { requeue: true }).catch((error: unknown) => {
        this.internals.logger.warn('A message that came after the cancel could not be given back', { error });
      });
    }
  }

  /** The link broke or the broker closed the channel. */
  #ended(session: ChannelSession, reason: Error): void {
    if (!session.alive) return;
    session.end(reason);
    if (this.#session === session) this.#session = undefined;
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.session !== session || !subscription.wanted) continue;
      subscription.phase = 'subscribing';
      subscription.session = undefined;
      subscription.sink.interrupted(reason);
    }
    // Without recovery the next link, if somebody asks for one, brings them back.
    if (this.internals.recovers) this.#restore();
  }

  /** For the connection: its link is gone, whether or not the transport says so channel by channel. */
  linkLost(reason: Error): void {
    if (this.#session) this.#ended(this.#session, reason);
  }

  /** For the connection: there is a new link. */
  linkUp(): void {
    this.#restore();
  }

  #cancelledByBroker(consumerTag: string, reason: Error | undefined): void {
    const subscription = this.#subscriptions.get(consumerTag);
    if (!subscription?.wanted) return;
    subscription.phase = 'subscribing';
    subscription.session = undefined;
    subscription.sink.cancelledByBroker(reason);
    this.#restore();
  }

  /** Brings up again what is wanted and not there, each by itself: one that the broker refuses holds up no other. */
  #restore(): void {
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.phase !== 'subscribing' || subscription.isBeingSetUp) continue;
      subscription.isBeingSetUp = true;
      void this.#restoreOne(subscription);
    }
  }

  async #restoreOne(subscription: Subscription): Promise<void> {
    const { clock, random } = this.internals;
    const doing = `Consuming from queue '${subscription.options.queue}' again`;
    for (let round = 0; ; round += 1) {
      try {
        return await this.#setUp(subscription, doing, true);
      } catch (error) {
        if (!subscription.wanted || this.#isHopeless(subscription, error as KombuError)) return;
      }
      const interval = retryInterval(this.#policy, round, random);
      await sleep(clock, interval, subscription.unwanted).catch(() => {});
    }
  }

  #isHopeless(subscription: Subscription, error: KombuError): boolean {
    subscription.lastError = error;
    const gaveUp = !this.internals.recovers && isConnectionError(error);
    if (!gaveUp && !hopeless.has(error.code)) return false;
    subscription.phase = 'failed';
    this.#subscriptions.delete(subscription.options.consumerTag);
    subscription.sink.failed(error);
    return true;
  }

  /** Subscribes on the current link, and on the next one when that breaks meanwhile. */
  async #setUp(subscription: Subscription, doing: string, restore = false): Promise<void> {
    const owner = this.internals;
    for (;;) {
      const session = await this.open({ timeout: Infinity, signal: subscription.unwanted }, doing);
      try {
        if (restore) await owner.restoreQueue(subscription.options.queue);
        // One at a time, so that a refusal, which closes the channel, hits only its own caller.
        const turn = this.#turn.then(() => this.#consumeOn(session, subscription));
        this.#turn = turn.catch(() => {});
        return await turn;
      } catch (cause) {
        const error = owner.wrap(cause, doing);
        if (!subscription.wanted || !owner.recovers || !isConnectionError(error)) throw error;
        if (session.alive && owner.link) await owner.dropLink(owner.link, error);
      }
    }
  }

  async #consumeOn(session: ChannelSession, subscription: Subscription): Promise<void> {
    if (!subscription.wanted) return;
    this.#assertAlive(session);
    subscription.session = session;
    const answer = session.channel.consume(subscription.options);
    subscription.answered = answer.catch(() => {});
    await answer;
    this.#assertAlive(session);
    // Whoever cancelled it meanwhile waits for this answer and tells the broker.
    if (!subscription.wanted) return;
    subscription.phase = 'consuming';
    subscription.isBeingSetUp = false;
    subscription.lastError = undefined;
  }

  /** Throws when the session has ended: a ChannelError, whatever another operation was told by the broker. */
  #assertAlive({ reason }: ChannelSession): void {
    if (!reason) return;
    const error = this.internals.wrap(reason, 'Consuming');
    throw isConnectionError(error) ? error : new ChannelError('The channel was closed meanwhile', { cause: reason });
  }
}

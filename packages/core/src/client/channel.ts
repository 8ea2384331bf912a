import { ChannelError, InvalidArgumentError, isConnectionError } from '../errors.ts';
import type { KombuError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import { completePolicy, retryInterval, sleep } from '../reliability/retry.ts';
import type { ConsumeOptions } from '../spi/declarations.ts';
import type { Delivery } from '../spi/envelope.ts';
import type { ChannelEvents, TransportConnection } from '../spi/transport.ts';
import { ChannelSession } from './channel-session.ts';
import { defaultOperationTimeout } from './control.ts';
import type { Host, Place } from './host.ts';
import { Subscription } from './subscription.ts';
import type { SubscriptionSink } from './subscription.ts';
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
  #session: ChannelSession | undefined;
  #opening: Promise<ChannelSession> | undefined;
  #restoring = false;
  #closed: Promise<void> | undefined;
  #stop = new AbortController();

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
    // Shared by all who ask meanwhile, so its bounds are nobody's in particular.
    this.#opening ??= this.#open(doing).finally(() => {
      this.#opening = undefined;
    });
    this.#opening.catch(() => {});
    return bounded(this.#opening, bounds, this.internals.clock, doing, () => this.internals.lastError);
  }

  /** Subscribes and stays subscribed until `cancel`. Rejects when the broker refuses this first time. */
  async subscribe(options: ConsumeOptions, sink: SubscriptionSink, wait: WaitOptions = {}): Promise<Subscription> {
    if (this.#subscriptions.has(options.consumerTag)) {
      throw new InvalidArgumentError(
        `There is a consumer with the tag '${options.consumerTag}' on this channel already`,
      );
    }
    const subscription = new Subscription(options, sink);
    this.#subscriptions.set(options.consumerTag, subscription);
    const doing = `Consuming from queue '${options.queue}'`;
    try {
      const timeout = wait.timeout ?? defaultOperationTimeout;
      await bounded(this.#setUp(subscription, doing), { timeout, signal: wait.signal }, this.internals.clock, doing);
    } catch (error) {
      this.#subscriptions.delete(options.consumerTag);
      subscription.phase = 'cancelled';
      // The subscription may have come to be after all.
      void subscription.session?.channel.cancel(options.consumerTag).catch(() => {});
      throw error;
    }
    return subscription;
  }

  /** Ends a subscription. After it resolves no delivery comes; also not after a reconnect. */
  async unsubscribe(subscription: Subscription): Promise<void> {
    subscription.phase = 'cancelled';
    const { consumerTag, queue } = subscription.options;
    this.#subscriptions.delete(consumerTag);
    const session = subscription.session;
    if (session?.alive) {
      try {
        await session.channel.cancel(consumerTag);
      } catch (error) {
        // On a broken link the subscription is gone all the same.
        const wrapped = this.internals.wrap(error, `Cancelling consumer '${consumerTag}'`);
        if (session.alive && !isConnectionError(wrapped)) throw wrapped;
      }
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

  /** The subscriptions that are wanted or failed. */
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
    this.#stop.abort(closedError());
    this.internals.channels.delete(this);
    for (const subscription of this.#subscriptions.values()) subscription.phase = 'cancelled';
    this.#subscriptions.clear();
    const session = this.#session;
    if (session) {
      await session.channel.close();
      this.#ended(session, closedError());
    }
  }

  async #open(doing: string): Promise<ChannelSession> {
    const owner = this.internals;
    owner.channels.add(this);
    for (;;) {
      const link = await owner.ready({ signal: this.#stop.signal, timeout: Infinity }, doing);
      try {
        return await this.#openOn(link);
      } catch (cause) {
        const error = owner.wrap(cause, doing);
        if (!isConnectionError(error) || this.#closed) throw error;
        await owner.dropLink(link, error);
      }
    }
  }

  async #openOn(link: TransportConnection): Promise<ChannelSession> {
    let session: ChannelSession | undefined;
    const events: ChannelEvents = {
      delivery: (delivery) => this.#deliver(delivery, session as ChannelSession),
      returned: (message) => this.internals.returned(message),
      cancelled: (tag, reason) => this.#cancelledByBroker(tag, reason),
      flow: (blocked, reason) => this.internals.flow(blocked, reason),
      closed: (error) => session && this.#ended(session, error ?? new ChannelError('The broker closed the channel')),
    };
    const channel = await link.openChannel(events);
    session = new ChannelSession(channel, this.internals.generation);
    if (this.#closed || this.internals.link !== link) {
      await channel.close();
      throw this.#closed
        ? closedError()
        : this.internals.wrap(this.internals.lastError ?? new ChannelError('The link broke'), 'Opening a channel');
    }
    this.#session = session;
    return session;
  }

  #deliver(delivery: Delivery, session: ChannelSession): void {
    const subscription = this.#subscriptions.get(delivery.consumerTag as string);
    if (subscription) {
      subscription.lastDeliveryAt = this.internals.clock.now();
      subscription.sink.deliver(delivery, session);
    } else {
      // Crossed the cancel on its way: it belongs to others.
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
    if (this.#closed) return;
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.phase !== 'consuming') continue;
      subscription.phase = 'subscribing';
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

  /** Brings all wanted subscriptions up again, one loop for all of them, with back-off while any is missing. */
  #restore(): void {
    if (this.#restoring || this.#missing().length === 0) return;
    this.#restoring = true;
    void this.#restoreLoop().finally(() => {
      this.#restoring = false;
      if (!this.#closed && this.internals.recovers) this.#restore();
    });
  }

  #missing(): Subscription[] {
    return [...this.#subscriptions.values()].filter(({ phase }) => phase === 'subscribing');
  }

  async #restoreLoop(): Promise<void> {
    const { clock, random, logger } = this.internals;
    for (let round = 0; !this.#closed; round += 1) {
      const missing = this.#missing();
      if (missing.length === 0) return;
      await Promise.all(missing.map((subscription) => this.#restoreOne(subscription)));
      if (this.#missing().length === 0) return;
      try {
        await sleep(clock, retryInterval(this.#policy, round, random), this.#stop.signal);
      } catch {
        return; // closed meanwhile
      }
      logger.debug('Subscribing again', { round });
    }
  }

  async #restoreOne(subscription: Subscription): Promise<void> {
    const { queue } = subscription.options;
    try {
      await this.#setUp(subscription, `Consuming from queue '${queue}' again`, true);
    } catch (error) {
      if (this.#closed || !subscription.wanted) return;
      subscription.lastError = error as KombuError;
      const gaveUp = !this.internals.recovers && isConnectionError(error);
      if (!gaveUp && !hopeless.has(subscription.lastError.code)) return;
      subscription.phase = 'failed';
      subscription.sink.failed(subscription.lastError);
    }
  }

  async #setUp(subscription: Subscription, doing: string, restore = false): Promise<void> {
    const { options } = subscription;
    if (restore) await this.internals.restoreQueue(options.queue);
    const session = await this.open({ timeout: Infinity, signal: this.#stop.signal }, doing);
    if (!subscription.wanted) return;
    subscription.session = session;
    try {
      await session.channel.consume(subscription.options);
    } catch (error) {
      throw this.internals.wrap(error, doing);
    }
    if (!session.alive) throw new ChannelError(`${doing}: the channel was closed meanwhile`);
    if (!subscription.wanted) {
      // Cancelled while the broker was answering.
      await session.channel.cancel(options.consumerTag);
      return;
    }
    subscription.phase = 'consuming';
    subscription.lastError = undefined;
  }
}

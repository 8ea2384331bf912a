import type { KombuError } from '../errors.ts';
import { AbortedError, ChannelError, InvalidArgumentError, isConnectionError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import { completePolicy, retryInterval, sleep } from '../reliability/retry.ts';
import type { Delivery } from '../spi/envelope.ts';
import { asLost } from './as-lost.ts';
import type { ChannelSession } from './channel-session.ts';
import { defaultOperationTimeout } from './control.ts';
import { finalRefusals } from './final-refusals.ts';
import type { Host } from './host.ts';
import type { Subscription } from './subscription.ts';

/** Gives the live session of the channel, and opens one if need be. */
type OpenSession = (wait: WaitOptions, doing: string) => Promise<ChannelSession>;

/** The consumers that are wanted on one channel. Each is kept up over links and channels, until it is unsubscribed. */
export class Subscriptions {
  readonly #owner: Host;
  readonly #open: OpenSession;
  readonly #byTag = new Map<string, Subscription>();
  readonly #policy = completePolicy();
  /** Set-ups one at a time, so that a refusal, which closes the channel, hits only its own caller. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed: Error | undefined;

  constructor(owner: Host, open: OpenSession) {
    this.#owner = owner;
    this.#open = open;
  }

  /** Is anything consumed from this queue? */
  consumes(queue: string): boolean {
    for (const { options } of this.#byTag.values()) if (options.queue === queue) return true;
    return false;
  }

  /** Rejects when the broker refuses this first time; resolves when it is unsubscribed meanwhile. */
  async add(subscription: Subscription, wait: WaitOptions): Promise<void> {
    if (this.#closed) throw this.#closed;
    const doing = `Consuming from queue '${subscription.options.queue}'`;
    const bounds = { timeout: wait.timeout ?? defaultOperationTimeout, signal: wait.signal };
    try {
      await bounded(this.#start(subscription, doing), bounds, this.#owner.clock, doing);
    } catch (error) {
      if (!subscription.wanted && !this.#closed) return;
      // The broker may come to count it as subscribed after all.
      void this.remove(subscription);
      throw error;
    }
  }

  async #start(subscription: Subscription, doing: string): Promise<void> {
    const { consumerTag } = subscription.options;
    const former = this.#byTag.get(consumerTag);
    if (former?.wanted) {
      throw new InvalidArgumentError(`There is a consumer with the tag '${consumerTag}' on this channel already`);
    }
    await former?.removed;
    if (!subscription.wanted) return;
    this.#byTag.set(consumerTag, subscription);
    await this.#setUp(subscription, doing);
  }

  /** After it resolves no delivery comes; also not after a reconnect. Never rejects. Idempotent. */
  remove(subscription: Subscription): Promise<void> {
    subscription.removed ??= this.#remove(subscription);
    return subscription.removed;
  }

  async #remove(subscription: Subscription): Promise<void> {
    const { consumerTag, queue } = subscription.options;
    const doing = `Cancelling consumer '${consumerTag}'`;
    subscription.cancel(new AbortedError(`The consumer '${consumerTag}' was cancelled`));
    const { session } = subscription;
    // A cancel that overtakes its consume would cancel nothing.
    if (session?.alive) await subscription.answered;
    if (session?.alive) {
      await session.ask(session.channel.cancel(consumerTag), doing).catch((cause: unknown) => {
        // A consumer that cannot be cancelled goes with its channel.
        session.abandon(this.#owner.wrap(cause, doing));
      });
    }
    if (this.#byTag.get(consumerTag) === subscription) this.#byTag.delete(consumerTag);
    this.#owner.queueLeft(queue);
  }

  /** Changes the credit of a subscription, now if it is up, and whenever it is set up again. */
  async setPrefetch(subscription: Subscription, prefetch: number): Promise<void> {
    subscription.options = { ...subscription.options, prefetch };
    if (subscription.phase === 'consuming') await this.#applyPrefetch(subscription);
  }

  deliver(delivery: Delivery, session: ChannelSession): void {
    const subscription = this.#byTag.get(delivery.consumerTag as string);
    const now = this.#owner.clock.now();
    // What crosses the cancel on its way belongs to others, unless nobody else can get it any more. So does what was held up,
    // maybe by the handler of the message before, until its lease ran out.
    const isWanted = subscription?.wanted === true || subscription?.options.noAck === true;
    if (subscription && isWanted && (delivery.leaseUntil ?? Infinity) > now) {
      subscription.lastDeliveryAt = now;
      subscription.sink.deliver(delivery, session);
    } else {
      session.channel.reject(delivery.deliveryTag, { requeue: true }).catch((error: unknown) => {
        this.#owner.logger.warn('A message that came too late could not be given back', { error });
      });
    }
  }

  /** The session is over, and with it what it fed. */
  sessionEnded(session: ChannelSession, reason: Error): void {
    for (const subscription of this.#byTag.values()) {
      if (subscription.session !== session || !subscription.wanted) continue;
      this.#lost(subscription, reason);
      subscription.sink.interrupted(reason);
    }
  }

  cancelledByBroker(consumerTag: string, reason: Error | undefined): void {
    const subscription = this.#byTag.get(consumerTag);
    if (!subscription?.wanted) return;
    this.#lost(subscription, reason ?? new ChannelError('The broker cancelled the consumer'));
    subscription.sink.cancelledByBroker(reason);
    this.restore();
  }

  /** Brings up again what is wanted and not there, each by itself: one that the broker refuses holds up no other. */
  restore(): void {
    for (const subscription of this.#byTag.values()) {
      if (subscription.phase !== 'subscribing' || subscription.isBeingSetUp) continue;
      subscription.isBeingSetUp = true;
      void this.#restoreOne(subscription);
    }
  }

  /** The channel closes for good. */
  close(reason: Error): void {
    const all = [...this.#byTag.values()];
    this.#closed = reason;
    this.#byTag.clear();
    for (const subscription of all) {
      subscription.cancel(reason);
      subscription.sink.interrupted(reason);
    }
  }

  #lost(subscription: Subscription, reason: Error): void {
    const doing = `Consuming from queue '${subscription.options.queue}'`;
    subscription.lost(this.#owner.wrap(reason, doing), this.#owner.clock.now());
  }

  async #restoreOne(subscription: Subscription): Promise<void> {
    const { clock, random } = this.#owner;
    const doing = `Consuming from queue '${subscription.options.queue}' again`;
    // The first loss is made good at once; a channel that breaks again and again is not hammered.
    for (let tries = Math.max(0, subscription.flaps - 1); subscription.wanted; tries += 1) {
      const rest = tries > 0 ? retryInterval(this.#policy, tries - 1, random) : 0;
      if (rest > 0) await sleep(clock, rest, subscription.unwanted).catch(() => {});
      if (!subscription.wanted) return;
      try {
        return await this.#setUp(subscription, doing, true);
      } catch (error) {
        if (subscription.wanted) this.#refused(subscription, error as KombuError, doing);
      }
    }
  }

  #refused(subscription: Subscription, error: KombuError, doing: string): void {
    subscription.lastError = error;
    if (this.#isHopeless(subscription, error)) {
      this.#byTag.delete(subscription.options.consumerTag);
      subscription.fail(error);
    } else this.#owner.logger.warn(`${doing} failed; it is tried again`, { error });
  }

  #isHopeless({ options }: Subscription, error: KombuError): boolean {
    const { code } = error;
    if (isConnectionError(error)) return !this.#owner.recovers;
    // The broker may take some time to notice that the link on which we had the queue for ourselves is gone.
    if (options.exclusive && code === 'ACCESS_REFUSED') return false;
    return code === 'CLOSED' || finalRefusals.has(code);
  }

  /** Subscribes on the current link, and on the next one when that breaks meanwhile. */
  async #setUp(subscription: Subscription, doing: string, restore = false): Promise<void> {
    const owner = this.#owner;
    for (;;) {
      const session = await this.#open({ timeout: Infinity, signal: subscription.unwanted }, doing);
      try {
        if (restore) await owner.restoreQueue(subscription.options.queue);
        const turn = this.#turn.then(() => this.#consumeOn(session, subscription, doing));
        this.#turn = turn.catch(() => {});
        return await turn;
      } catch (cause) {
        const wrapped = owner.wrap(cause, doing);
        const error = session.alive ? wrapped : asLost(wrapped);
        if (!subscription.wanted || !owner.recovers || !isConnectionError(error)) throw error;
        if (session.alive && owner.link) await owner.dropLink(owner.link, error);
      }
    }
  }

  async #consumeOn(session: ChannelSession, subscription: Subscription, doing: string): Promise<void> {
    if (!subscription.wanted) return;
    this.#assertAlive(session);
    const { options } = subscription;
    subscription.session = session;
    const answer = session.ask(session.channel.consume(options), doing);
    subscription.answered = answer.then(
      () => {},
      () => {},
    );
    const result = await answer;
    if (subscription.options.prefetch !== options.prefetch) await this.#applyPrefetch(subscription);
    this.#assertAlive(session);
    // Whoever cancelled it meanwhile waits for the answer to consume, and tells the broker.
    if (!subscription.wanted) return;
    if (subscription.session !== session) throw new ChannelError('The broker cancelled the consumer meanwhile');
    const { lostAt } = subscription;
    subscription.started(this.#owner.clock.now());
    if (result?.ephemeral && lostAt !== undefined) {
      this.#owner.gap({ queue: options.queue, consumerTag: options.consumerTag, since: lostAt });
    }
  }

  async #applyPrefetch({ session, options }: Subscription): Promise<void> {
    const { consumerTag, prefetch } = options;
    const doing = `Changing the prefetch of consumer '${consumerTag}'`;
    if (!session?.alive) return;
    try {
      await session.ask(session.channel.setPrefetch(consumerTag, prefetch), doing);
    } catch (error) {
      // The next session gets it anyway.
      if (session.alive) throw this.#owner.wrap(error, doing);
    }
  }

  /** Throws when the session has ended: a ChannelError, whatever another operation was told by the broker. */
  #assertAlive({ reason }: ChannelSession): void {
    if (!reason) return;
    const error = this.#owner.wrap(reason, 'Consuming');
    throw isConnectionError(error) ? error : new ChannelError('The channel was closed meanwhile', { cause: reason });
  }
}

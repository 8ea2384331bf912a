import { ChannelError, ConnectionError, TimeoutError, abortedError, isConnectionError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import { SharedWork } from '../reliability/shared-work.ts';
import type { ChannelEvents, TransportChannel, TransportConnection } from '../spi/transport.ts';
import { asLost } from './as-lost.ts';
import { ChannelSession } from './channel-session.ts';
import { closedError } from './closed-error.ts';
import { defaultOperationTimeout } from './control.ts';
import type { Host, HostedChannel, Place } from './host.ts';
import type { Subscription } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';

const opening = 'Opening a channel';

/** A link on which a channel cannot be opened within so many milliseconds is taken for dead. Callers wait longer than that. */
const openTimeoutMs = 15_000;

/**
 * A unit of work on a connection: the place where messages are published, consumed and settled. It outlives broken links and
 * channel errors: the channel of the broker below is opened anew and its consumers are subscribed again.
 */
export class Channel implements Place, HostedChannel, AsyncDisposable {
  readonly internals: Host;
  readonly #subscriptions: Subscriptions;
  readonly #opening: SharedWork<ChannelSession> = new SharedWork((signal) => this.#open(signal));
  #session: ChannelSession | undefined;
  #closed: Promise<void> | undefined;

  /** For the connection; applications call `connection.channel()`. */
  constructor(owner: Host) {
    this.internals = owner;
    this.#subscriptions = new Subscriptions(owner, (wait, doing) => this.open(wait, doing));
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
  async open(wait: WaitOptions, doing: string = opening): Promise<ChannelSession> {
    if (this.#session) return this.#session;
    if (this.#closed) throw closedError();
    const bounds = { timeout: wait.timeout ?? defaultOperationTimeout, signal: wait.signal };
    return this.#opening.join(bounds, this.internals.clock, doing, () => this.internals.lastError);
  }

  /**
   * Subscribes and stays subscribed until `unsubscribe`. Rejects when the broker refuses this first time; resolves when it is
   * unsubscribed meanwhile.
   */
  subscribe(subscription: Subscription, wait: WaitOptions = {}): Promise<void> {
    return this.#subscriptions.add(subscription, wait);
  }

  /** Ends a subscription. After it resolves no delivery comes; also not after a reconnect. */
  unsubscribe(subscription: Subscription): Promise<void> {
    return this.#subscriptions.remove(subscription);
  }

  /** Changes the credit of a running subscription, now and after reconnects. */
  setPrefetch(subscription: Subscription, prefetch: number): Promise<void> {
    return this.#subscriptions.setPrefetch(subscription, prefetch);
  }

  /** Is anything consumed from this queue here? */
  consumes(queue: string): boolean {
    return this.#subscriptions.consumes(queue);
  }

  /** Gives all unsettled messages of this channel back to their queues. */
  async recover(): Promise<void> {
    const session = this.#session;
    if (session) await session.ask(session.channel.recover(), 'Giving unsettled messages back');
  }

  /** Closes for good: consumers are cancelled and unsettled messages go back to their queues. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For the connection: its link is gone, whether or not the transport says so channel by channel. */
  linkLost(reason: Error): void {
    this.#session?.end(reason);
  }

  /** For the connection: there is a new link. */
  linkUp(): void {
    this.#subscriptions.restore();
  }

  async #close(): Promise<void> {
    const reason = closedError();
    this.internals.channels.delete(this);
    void this.#opening.stop(reason);
    this.#subscriptions.close(reason);
    const session = this.#session;
    if (!session) return;
    try {
      await session.channel.close();
    } finally {
      session.end(reason);
    }
  }

  async #open(signal: AbortSignal): Promise<ChannelSession> {
    const owner = this.internals;
    owner.channels.add(this);
    for (;;) {
      const link = await owner.ready({ signal, timeout: Infinity }, opening);
      try {
        return await this.#openOn(link, signal);
      } catch (cause) {
        const wrapped = owner.wrap(cause, opening);
        const error = owner.link === link ? wrapped : asLost(wrapped);
        if (!isConnectionError(error) || signal.aborted) throw error;
        await owner.dropLink(link, error);
      }
    }
  }

  async #openOn(link: TransportConnection, signal: AbortSignal): Promise<ChannelSession> {
    const owner = this.internals;
    let session: ChannelSession | undefined;
    let early: Error | undefined;
    const events: ChannelEvents = {
      delivery: (delivery) => this.#subscriptions.deliver(delivery, session as ChannelSession),
      returned: (message) => owner.returned(message),
      cancelled: (tag, reason) => this.#subscriptions.cancelledByBroker(tag, reason),
      flow: (blocked, reason) => owner.flow(blocked, reason),
      closed: (error = new ChannelError('The broker closed the channel')) => {
        if (session) session.end(error);
        else early = error;
      },
    };
    const channel = await this.#ask(link, events, signal);
    if (early) throw early;
    if (signal.aborted || owner.link !== link) {
      await channel.close();
      if (signal.aborted) throw abortedError(signal, opening);
      throw owner.lastError ?? new ConnectionError('The link broke');
    }
    const opened = new ChannelSession(channel, owner.generation, owner);
    opened.onEnd((reason) => this.#ended(opened, reason));
    session = opened;
    this.#session = opened;
    return opened;
  }

  async #ask(link: TransportConnection, events: ChannelEvents, signal: AbortSignal): Promise<TransportChannel> {
    const { clock, logger } = this.internals;
    const opened = link.openChannel(events);
    try {
      return await bounded(opened, { timeout: openTimeoutMs, signal }, clock, opening);
    } catch (error) {
      // A channel that comes after all is nobody's.
      opened
        .then((late) => late.close())
        .catch((failure: unknown) => logger.debug(`${opening} was given up`, { error: failure }));
      throw error instanceof TimeoutError ? new ConnectionError(error.message, { cause: error }) : error;
    }
  }

  /** The link broke, the broker closed the channel, or we did. */
  #ended(session: ChannelSession, reason: Error): void {
    if (this.#session === session) this.#session = undefined;
    this.#subscriptions.sessionEnded(session, reason);
    // Without recovery the next link, if somebody asks for one, brings them back.
    if (this.internals.recovers) this.#subscriptions.restore();
  }
}

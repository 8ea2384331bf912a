import type { KombuError } from '../errors.ts';
import { ConnectionError, LimitExceededError } from '../errors.ts';
import { LeaseRenewer } from '../reliability/lease-renewer.ts';
import type { ChannelEvents, TransportChannel, TransportConnection } from '../spi/transport.ts';
import { Administration } from './administration.ts';
import { VirtualChannel, type ChannelParts } from './channel.ts';
import { ClosingTime } from '../reliability/closing-time.ts';
import { VirtualLink, closedError, type LinkParts } from './link.ts';
import { Publisher } from './publisher.ts';
import { QueueLimits } from './queue-limits.ts';
import { RouteFinder } from './route-finder.ts';
import { Settler } from './settler.ts';
import { StoreCalls } from './store-calls.ts';
import type { UnackedDelivery } from './unacked.ts';

/** As in Kombu and AMQP. */
const maxChannels = 65_535;

/** A connection over a store. */
export class VirtualConnection implements TransportConnection {
  readonly closed: Promise<Error | undefined>;
  readonly #link: VirtualLink;
  readonly #ownTopology: boolean;
  readonly #calls: StoreCalls;
  readonly #routes: RouteFinder;
  readonly #administration: Administration;
  readonly #renewer: LeaseRenewer<UnackedDelivery>;
  readonly #channelParts: ChannelParts;
  readonly #channels = new Set<VirtualChannel>();
  #resolveClosed!: (error: Error | undefined) => void;
  #closing: Promise<void> | undefined;

  constructor(parts: LinkParts) {
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const link = new VirtualLink(parts);
    const limits = new QueueLimits(link, () => settler);
    this.#link = link;
    this.#ownTopology = !parts.authoritative;
    this.#calls = new StoreCalls(link, (queue, messages) => limits.put(queue, messages));
    this.#routes = new RouteFinder(link);
    this.#administration = new Administration(link, this.#routes);
    const publisher = new Publisher(link, this.#calls, this.#routes);
    const settler = new Settler(link, this.#calls, publisher);
    this.#renewer = this.#makeRenewer();
    this.#channelParts = {
      link,
      publisher,
      settler,
      administration: this.#administration,
      leased: () => this.#renewer.wake(),
      closed: (channel) => this.#channels.delete(channel),
    };
    link.onFailure = (error) => this.#fail(error);
    void link.store.closed?.then((error) => this.#storeClosed(error));
  }

  async openChannel(events: ChannelEvents): Promise<TransportChannel> {
    if (this.#closing) throw closedError();
    this.#link.assertLive();
    if (this.#channels.size >= maxChannels) {
      throw new LimitExceededError(`A connection has at most ${maxChannels} channels: close some`);
    }
    const channel = new VirtualChannel(this.#channelParts, events);
    this.#channels.add(channel);
    return channel;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  unwrap(): unknown {
    return this.#link.store.unwrap?.();
  }

  /** The topology let a queue go by itself: its messages go too. */
  queueGone(queue: string): void {
    if (this.#link.ended.aborted) return;
    this.#administration.dropQueue(queue).catch((error: unknown) => {
      this.#link.logger.warn(`The queue ${JSON.stringify(queue)} is over, but could not be deleted`, { error });
    });
  }

  async #close(): Promise<void> {
    const { clock, logger, store } = this.#link;
    const time = new ClosingTime(clock, logger);
    await Promise.all([...this.#channels].map((channel) => channel.closeWithin(time)));
    await time.step('Waiting for renewals of leases', () => this.#renewer.idle());
    await time.step('Finishing what was under way', () => this.#calls.whenIdle());
    if (!this.#link.failure) {
      await time.step('Deleting exclusive queues', () => this.#administration.deleteOwned());
      await time.step('Closing the store', () => store.close());
    }
    this.#link.end();
    this.#release(closedError());
    this.#resolveClosed(undefined);
  }

  /** The link broke: nothing is said to the store any more. */
  #fail(error: KombuError): void {
    this.#release(error);
    for (const channel of this.#channels) channel.fail(error);
    this.#channels.clear();
    this.#link.topology.forsake(this.#link);
    void this.#closeBroken();
    this.#resolveClosed(error);
  }

  async #closeBroken(): Promise<void> {
    try {
      await this.#link.store.close();
    } catch (error) {
      this.#link.logger.debug('A broken store could not be closed either', { error });
    }
  }

  /** Settles what waits, stops the timers. */
  #release(reason: KombuError): void {
    this.#renewer.stop();
    this.#routes.abandon(reason);
    this.#calls.abandon(reason);
    if (this.#ownTopology) this.#link.topology.close();
  }

  #storeClosed(error: Error | undefined): void {
    if (this.#closing) return;
    const doing = 'The link to the broker broke';
    const known = this.#link.explain(error ?? new ConnectionError(`${doing}: it was closed`), doing);
    this.#link.fail(known);
  }

  #makeRenewer(): LeaseRenewer<UnackedDelivery> {
    const { clock, logger, leaseMs, maxLeaseMs } = this.#link;
    const channels = this.#channels;
    return new LeaseRenewer({
      clock,
      logger,
      leaseMs,
      maxLeaseMs,
      *held() {
        for (const channel of channels) yield* channel.unacked.values();
      },
      isHeld: (delivery) => delivery.batch.unacked.has(delivery),
      renew: (queue, receipts) =>
        this.#link.answered(`Renewing leases of the queue ${JSON.stringify(queue)}`, async (store) =>
          store.renew?.(queue, receipts),
        ),
      lost: (delivery, why) => {
        const reason = new ConnectionError(
          `The lease of a message of the queue ${JSON.stringify(delivery.queue)} is lost (${why}): another consumer may have it now`,
        );
        delivery.batch.unacked.lose(delivery, reason);
        delivery.batch.consumer?.settled();
      },
    });
  }
}

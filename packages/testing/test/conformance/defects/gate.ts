import type { ChannelEvents, Delivery, DeliveryTag, TransportChannel } from '@kombu/core/spi';
import type { Plan, Site } from './plant.ts';

type Settled = 'ack' | 'reject' | 'requeue';

/**
 * Counts credit wrongly: one count for the whole channel, deliveries without ack included, and only some ways to settle make
 * room. The channel itself has no limit.
 */
export function gated(limit: (prefetch: number) => number, makesRoom: (how: Settled) => boolean = () => true): Plan {
  const gates = new WeakMap<ChannelEvents, Gate>();
  return {
    events: (owner) => {
      const gate = new Gate(owner);
      gates.set(owner, gate);
      return { delivery: (delivery) => gate.arrive(delivery) };
    },
    channel: (site) => throughGate(site, gates.get(site.owner) ?? new Gate(site.owner), limit, makesRoom),
  };
}

function throughGate(
  { channel }: Site,
  gate: Gate,
  limit: (prefetch: number) => number,
  makesRoom: (how: Settled) => boolean,
): Partial<TransportChannel> {
  const settle = async <T>(outcome: Promise<T>, tag: DeliveryTag, how: Settled): Promise<T> => {
    const value = await outcome;
    if (makesRoom(how)) gate.settled(tag);
    return value;
  };
  return {
    consume: (options) => {
      gate.limit = limit(options.prefetch);
      return channel.consume({ ...options, prefetch: 0 });
    },
    ack: (tag, options) => settle(channel.ack(tag, options), tag, 'ack'),
    reject: (tag, options) => settle(channel.reject(tag, options), tag, options.requeue ? 'requeue' : 'reject'),
  };
}

class Gate {
  limit = Number.POSITIVE_INFINITY;
  readonly #owner: ChannelEvents;
  readonly #waiting: Delivery[] = [];
  readonly #out = new Set<DeliveryTag>();

  constructor(owner: ChannelEvents) {
    this.#owner = owner;
  }

  arrive(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.#flush();
  }

  settled(tag: DeliveryTag): void {
    this.#out.delete(tag);
    this.#flush();
  }

  #flush(): void {
    while (this.#out.size < this.limit) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#out.add(next.deliveryTag);
      this.#owner.delivery(next);
    }
  }
}

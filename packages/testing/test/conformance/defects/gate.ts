import type { Delivery, DeliveryTag, TransportChannel } from '@kombu/core/spi';
import type { Plan } from './plant.ts';

/**
 * Holds deliveries back as a broken credit would: `limit` says how many may be out, `settles` whether settling a delivery
 * makes room. The channel itself has no limit.
 */
export function gated(limit: (prefetch: number) => number, settles = true): Plan {
  return {
    events: (events, site) => {
      const waiting: Delivery[] = [];
      const out = new Set<DeliveryTag>();
      const gate = { waiting, out, open: Number.POSITIVE_INFINITY, pass: (each: Delivery) => events.delivery(each) };
      // The channel finds its gate by its events.
      gates.set(events.flow, gate);
      void site;
      return { delivery: (delivery) => arrive(gate, delivery) };
    },
    channel: ({ channel, events }) => {
      const gate = gates.get(events.flow);
      if (!gate) return {};
      const settled = (tag: DeliveryTag): void => {
        if (settles) gate.out.delete(tag);
        flush(gate);
      };
      return {
        consume: (options) => {
          gate.open = limit(options.prefetch);
          return channel.consume({ ...options, prefetch: 0 });
        },
        ack: (tag, options) => after(channel.ack(tag, options), () => settled(tag)),
        reject: (tag, options) => after(channel.reject(tag, options), () => settled(tag)),
      } satisfies Partial<TransportChannel>;
    },
  };
}

interface Gate {
  readonly waiting: Delivery[];
  readonly out: Set<DeliveryTag>;
  readonly pass: (delivery: Delivery) => void;
  open: number;
}

const gates = new WeakMap<object, Gate>();

function arrive(gate: Gate, delivery: Delivery): void {
  gate.waiting.push(delivery);
  flush(gate);
}

function flush(gate: Gate): void {
  while (gate.out.size < gate.open) {
    const next = gate.waiting.shift();
    if (!next) return;
    gate.out.add(next.deliveryTag);
    gate.pass(next);
  }
}

async function after<T>(promise: Promise<T>, then: () => void): Promise<T> {
  const value = await promise;
  then();
  return value;
}

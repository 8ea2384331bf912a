import type { Delivery, DeliveryTag, QueueStore, Route, SettleOutcome, TransportChannel } from '@kombu/core/spi';
import type { Defect, Site } from './plant.ts';
import { plant, without } from './plant.ts';

const onRoute = (change: (route: Route) => Route): Defect['transport'] =>
  plant({ channel: ({ channel }) => ({ publish: (envelope, route) => channel.publish(envelope, change(route)) }) });

const onProperty = (name: string, change: (value: number) => number | undefined): Defect['transport'] =>
  plant({
    channel: ({ channel }) => ({
      publish: (envelope, route) => {
        const { [name]: value, ...rest } = envelope.properties;
        const changed = typeof value === 'number' ? change(value) : value;
        const properties = changed === undefined ? rest : { ...rest, [name]: changed };
        return channel.publish({ ...envelope, properties }, route);
      },
    }),
  });

const withoutTtl: Defect['transport'] = plant({
  channel: ({ channel }) => ({
    declareQueue: (queue) => channel.declareQueue({ ...queue, arguments: without(queue.arguments, 'x-message-ttl') }),
  }),
});

/** Faults in time to live, delay and leases. */
export const timeDefects: readonly Defect[] = [
  { name: 'expiration is ignored', caughtBy: 'ttl/message', transport: onProperty('expiration', () => undefined) },
  {
    name: 'expired messages are delivered to later consumers',
    caughtBy: 'ttl/never-delivered',
    transport: onProperty('expiration', () => undefined),
  },
  {
    name: 'expiration is taken for seconds divided by a thousand',
    caughtBy: 'ttl/not-early',
    transport: onProperty('expiration', (ms) => Math.ceil(ms / 1000)),
  },
  {
    name: 'an expiration of 0 is taken for none',
    caughtBy: 'ttl/zero',
    transport: onProperty('expiration', (ms) => ms || undefined),
  },
  {
    name: 'a requeue gives a message its time once more',
    caughtBy: 'ttl/after-requeue',
    transport: plant({
      channel: ({ channel, delivered }) => ({
        reject: async (tag, options) => {
          const delivery = delivered.get(tag);
          if (!delivery || !options.requeue) return channel.reject(tag, options);
          const { envelope, routingKey } = delivery;
          await channel.publish(envelope, { exchange: '', routingKey, mandatory: false, confirm: true });
          return channel.ack(tag);
        },
      }),
    }),
  },
  { name: 'x-message-ttl is ignored', caughtBy: 'ttl/queue', transport: withoutTtl },
  { name: 'delay is ignored', caughtBy: 'delay/on-time', transport: onRoute((route) => without(route, 'delay')) },
  {
    name: 'delayed messages come early',
    caughtBy: 'delay/on-time',
    transport: onRoute((route) => ({ ...route, delay: Math.trunc((route.delay ?? 0) / 2) })),
  },
  {
    name: 'delayed messages come late',
    caughtBy: 'delay/on-time',
    transport: onRoute((route) => ({ ...route, delay: (route.delay ?? 0) * 5 })),
  },
  {
    name: 'a delay of 0 is taken for a default',
    caughtBy: 'delay/zero',
    transport: onRoute((route) => (route.delay === 0 ? { ...route, delay: 1000 } : route)),
  },
  {
    name: 'delayed messages can be fetched',
    caughtBy: 'delay/hidden',
    transport: onRoute((route) => without(route, 'delay')),
  },
  {
    name: 'delayed messages are held by their consumer',
    caughtBy: 'delay/no-credit',
    transport: plant({
      channel: ({ channel, clock }) => ({
        publish: (envelope, { delay = 0, ...route }) =>
          channel.publish({ ...envelope, headers: { ...envelope.headers, due: clock.now() + delay } }, route),
      }),
      events: (events, site) => ({
        delivery: (delivery: Delivery) => {
          const wait = Number(delivery.envelope.headers['due']) - site().clock.now();
          if (wait > 0) site().clock.setTimeout(() => events.delivery(delivery), wait);
          else events.delivery(delivery);
        },
      }),
    }),
  },
  {
    name: 'all delays are as long as the longest',
    caughtBy: 'delay/order',
    transport: onRoute((route) => (route.delay === undefined ? route : { ...route, delay: 3000 })),
  },
  {
    name: 'delayed messages wait at their publisher',
    caughtBy: 'delay/survives-publisher',
    transport: plant({
      channel: ({ channel, clock }) => ({
        publish: async (envelope, { delay, ...route }) => {
          if (!delay) return channel.publish(envelope, route);
          clock.setTimeout(() => void channel.publish(envelope, route).catch(() => undefined), delay);
          return 'confirmed';
        },
      }),
    }),
  },
  {
    name: 'a delay beyond the limit is cut',
    caughtBy: 'delay/too-long',
    transport: plant({
      memory: { capabilities: { maxDelayMs: 900_000 } },
      channel: ({ channel }) => ({
        publish: (envelope, route) =>
          channel.publish(envelope, { ...route, delay: Math.min(route.delay ?? 0, 900_000) }),
      }),
    }),
  },
  {
    name: 'a lease never ends',
    caughtBy: 'lease/crashed',
    transport: plant({ memory: { leaseMs: Number.POSITIVE_INFINITY, capabilities: { leaseMs: 30_000 } } }),
  },
  {
    name: 'leases are not renewed',
    caughtBy: 'lease/renewed',
    transport: plant({ store: () => ({ renew: async (_, receipts) => receipts.map(() => 'ok') }) }),
  },
  {
    name: 'leases of prefetched messages are not renewed',
    caughtBy: 'lease/buffered',
    transport: plant({ store: renewOnlyOne }),
  },
  {
    name: 'the signal of a lost lease never fires',
    caughtBy: 'lease/signal-fires',
    transport: plant({ delivery: (delivery) => ({ ...delivery, signal: new AbortController().signal }) }),
  },
  { name: 'a late ack hits the new holder', caughtBy: 'lease/stale-ack', transport: staleTagsWork('ack') },
  {
    name: 'a late requeue hits the new holder',
    caughtBy: 'lease/stale-requeue',
    transport: staleTagsWork('reject'),
  },
  {
    name: 'a late reject says ok',
    caughtBy: 'lease/stale-reject',
    transport: plant({
      channel: ({ channel }) => ({
        reject: async (tag, options) => {
          await channel.reject(tag, options);
          return 'ok';
        },
      }),
    }),
  },
];

function renewOnlyOne(store: QueueStore): Partial<QueueStore> {
  return {
    renew: async (queue, receipts) => {
      const outcomes = (await store.renew?.(queue, receipts.slice(0, 1))) ?? [];
      return receipts.map((_, index): SettleOutcome => outcomes[index] ?? 'ok');
    },
  };
}

/** Receipts name the message, not the claim: whoever has one may settle it. */

/** A settlement that comes too late hits whoever has the message by then. */
function staleTagsWork(verb: 'ack' | 'reject'): Defect['transport'] {
  return (clock) => {
    const sites: Site[] = [];
    const orElsewhere = async (
      { channel, delivered }: Site,
      tag: DeliveryTag,
      settle: (holder: TransportChannel, tag: DeliveryTag) => Promise<SettleOutcome>,
    ): Promise<SettleOutcome> => {
      const outcome = await settle(channel, tag);
      if (outcome === 'ok') return outcome;
      const body = delivered.get(tag)?.envelope.body.toString();
      for (const other of sites.filter((each) => each.channel !== channel)) {
        const [current] = [...other.delivered].find(([, each]) => each.envelope.body.toString() === body) ?? [];
        if (current !== undefined) return settle(other.channel, current);
      }
      return outcome;
    };
    return plant({
      channel: (site) => {
        sites.push(site);
        const ack: TransportChannel['ack'] = (tag, options) =>
          orElsewhere(site, tag, (holder, current) => holder.ack(current, options));
        const reject: TransportChannel['reject'] = (tag, options) =>
          orElsewhere(site, tag, (holder, current) => holder.reject(current, options));
        return verb === 'ack' ? { ack } : { reject };
      },
    })(clock);
  };
}

import type {
  ChannelEvents,
  DeliveryTag,
  Clock,
  Delivery,
  QueueStore,
  Transport,
  TransportChannel,
  TransportConnection,
} from '@kombu/core/spi';
import { Gate } from '../../../src/fault/gate.ts';
import { outgoing } from '../../../src/conformance/store/test-store.ts';
import type { MemoryTransport, MemoryTransportOptions } from '../../../src/memory/memory-transport.ts';
import { createMemoryTransport } from '../../../src/memory/memory-transport.ts';

/** A fault, and the case that has to find it. */
export interface Defect {
  readonly name: string;
  readonly caughtBy: string;
  readonly transport: (clock: Clock) => Transport;
}

/** A fault of a store, and the case that has to find it. */
export interface StoreDefect {
  readonly name: string;
  readonly caughtBy: string;
  readonly plant: (store: QueueStore, clock: Clock) => Partial<QueueStore>;
}

/** What a planted fault sees of its channel. */
export interface Site {
  readonly channel: TransportChannel;
  readonly events: ChannelEvents;
  /** The owner's own events, past all faults. */
  readonly owner: ChannelEvents;
  readonly connection: TransportConnection;
  readonly clock: Clock;
  /** What was delivered on this channel, by get and by push, by delivery tag. */
  readonly delivered: Map<DeliveryTag, Delivery>;
}

/** The places where a fault can be planted; each returns what it does differently. */
export interface Plan {
  readonly channel?: (site: Site) => Partial<TransportChannel>;
  readonly events?: (events: ChannelEvents, site: () => Site) => Partial<ChannelEvents>;
  /** Changes every delivery, by get and by push. */
  readonly delivery?: (delivery: Delivery) => Delivery;
  readonly connection?: (connection: TransportConnection, clock: Clock) => Partial<TransportConnection>;
  readonly transport?: (transport: Transport) => Partial<Transport>;
  readonly store?: (store: QueueStore) => Partial<QueueStore>;
  readonly memory?: MemoryTransportOptions;
}

/** Shut while the broker takes no publishes, and who is told of it. */
interface Alarm {
  readonly gate: Gate;
  readonly listeners: Set<ChannelEvents>;
}

/** Waits while the broker of the transport that was made last takes no publishes. */
export async function passAlarm(): Promise<void> {
  await alarm?.gate.pass();
}

let planted: MemoryTransport | undefined;
let alarm: Alarm | undefined;

/** Has the broker of the transport that was made last take no publishes. */
export async function blockPlanted(): Promise<() => Promise<void>> {
  const { gate, listeners } = alarm as Alarm;
  gate.shut();
  for (const events of listeners) events.flow(true, 'out of memory');
  return async () => {
    gate.open();
    for (const events of listeners) events.flow(false);
  };
}

/** Puts a text into a queue of the transport that was made last. */
export async function putRawPlanted(queue: string, payload: string): Promise<void> {
  planted
    ?.broker()
    ?.queueFor(queue)
    .put([outgoing(payload)]);
}

/** Cuts all links to the broker of the transport that was made last, as its restart would. */
export async function restartPlanted(): Promise<void> {
  planted?.broker()?.cut();
}

/** The in-memory transport with a fault in it. */
export function plant({ store, transport, memory, ...plan }: Plan): (clock: Clock) => Transport {
  return (clock) => {
    const wrapStore = (inner: QueueStore): QueueStore => ({ ...storeOf(inner), ...store?.(inner) });
    const inner = createMemoryTransport({ ...memory, clock, ...(store && { wrapStore }) });
    planted = inner;
    const ownAlarm: Alarm = { gate: new Gate(), listeners: new Set() };
    alarm = ownAlarm;
    const faulty: Transport = {
      ...inner,
      connect: async (target, ctx) => faultyConnection(await inner.connect(target, ctx), plan, ctx.clock, ownAlarm),
    };
    return { ...faulty, ...transport?.(faulty) };
  };
}

type ChannelPlan = Omit<Plan, 'store' | 'transport' | 'memory'>;

function faultyConnection(
  inner: TransportConnection,
  plan: ChannelPlan,
  clock: Clock,
  own: Alarm,
): TransportConnection {
  const connection: TransportConnection = {
    closed: inner.closed,
    openChannel: (events) => faultyChannel(inner, events, plan, clock, own),
    close: () => inner.close(),
    unwrap: () => inner.unwrap?.(),
  };
  return Object.assign(connection, plan.connection?.(inner, clock));
}

async function faultyChannel(
  connection: TransportConnection,
  owner: ChannelEvents,
  plan: ChannelPlan,
  clock: Clock,
  { gate, listeners }: Alarm,
): Promise<TransportChannel> {
  const { delivery: change = (delivery) => delivery } = plan;
  const delivered = new Map<DeliveryTag, Delivery>();
  const note = (delivery: Delivery): Delivery => {
    const changed = change(delivery);
    delivered.set(delivery.deliveryTag, changed);
    return changed;
  };
  let site: Site;
  const relayed = eventsOf(owner);
  const events = { ...relayed, ...plan.events?.(relayed, () => site) };
  listeners.add(events);
  const inner = await connection.openChannel({ ...events, delivery: (each) => events.delivery(note(each)) });
  const channel = channelOf(inner);
  channel.publish = async (envelope, route) => {
    if (gate.isShut) await Promise.race([gate.pass(), connection.closed]);
    return inner.publish(envelope, route);
  };
  site = { channel, events, owner: relayed, connection, clock, delivered };
  const get: TransportChannel['get'] = async (queue, options) => {
    const got = await inner.get(queue, options);
    return got && note(got);
  };
  return { ...channel, get, ...plan.channel?.({ ...site, channel: { ...channel, get } }) };
}

function eventsOf(owner: ChannelEvents): ChannelEvents {
  return {
    delivery: (delivery) => owner.delivery(delivery),
    returned: (message) => owner.returned(message),
    cancelled: (consumerTag, reason) => owner.cancelled(consumerTag, reason),
    flow: (blocked, reason) => owner.flow(blocked, reason),
    closed: (error) => owner.closed(error),
  };
}

function channelOf(inner: TransportChannel): TransportChannel {
  return {
    declareExchange: (exchange) => inner.declareExchange(exchange),
    deleteExchange: (name, options) => inner.deleteExchange(name, options),
    declareQueue: (queue) => inner.declareQueue(queue),
    deleteQueue: (name, options) => inner.deleteQueue(name, options),
    purgeQueue: (name) => inner.purgeQueue(name),
    bind: (binding) => inner.bind(binding),
    unbind: (binding) => inner.unbind(binding),
    publish: (envelope, route) => inner.publish(envelope, route),
    publishFor: (envelope, route, waiter) => inner.publishFor?.(envelope, route, waiter),
    get: (queue, options) => inner.get(queue, options),
    consume: (options) => inner.consume(options),
    cancel: (consumerTag) => inner.cancel(consumerTag),
    setPrefetch: (consumerTag, prefetch) => inner.setPrefetch(consumerTag, prefetch),
    ack: (tag, options) => inner.ack(tag, options),
    reject: (tag, options) => inner.reject(tag, options),
    recover: () => inner.recover(),
    close: () => inner.close(),
  };
}

/** A copy of a store whose members can be replaced one by one. */
export function storeOf(inner: QueueStore): QueueStore {
  const { closed, leaseMs } = inner;
  return {
    put: (queue, messages) => inner.put(queue, messages),
    get: (queue, options) => inner.get(queue, options),
    ack: (queue, receipts) => inner.ack(queue, receipts),
    size: (queue) => inner.size(queue),
    purge: (queue) => inner.purge(queue),
    delete: (queue) => inner.delete(queue),
    close: () => inner.close(),
    declare: async (queue) => inner.declare?.(queue),
    exists: async (queue) => (await inner.exists?.(queue)) ?? true,
    release: async (queue, receipts, options) => inner.release?.(queue, receipts, options),
    renew: async (queue, receipts) => inner.renew?.(queue, receipts),
    unwrap: () => inner.unwrap?.(),
    ...(inner.bindings && { bindings: inner.bindings }),
    ...(inner.watch && { watch: (queue: string, wake: () => void) => inner.watch?.(queue, wake) ?? stop }),
    ...(closed && { closed }),
    ...(leaseMs !== undefined && { leaseMs }),
  };
}

function stop(): void {}

/** A promise that stays pending. */
export function never<T>(): Promise<T> {
  return new Promise(() => {});
}

/** A copy without one key. */
export function without<T extends object>(record: T, key: string): T {
  return Object.fromEntries(Object.entries(record).filter(([each]) => each !== key)) as T;
}

/** A store whose release makes a copy at the end of the queue. */
export function releaseToTail(store: QueueStore): Partial<QueueStore> {
  const payloads = new Map<unknown, string>();
  return {
    get: async (queue, options) => {
      const taken = await store.get(queue, options);
      for (const { receipt, payload } of taken) payloads.set(receipt, payload);
      return taken;
    },
    release: async (queue, receipts) => {
      for (const receipt of receipts) {
        const payload = payloads.get(receipt) ?? '';
        await store.put(queue, [{ payload, priority: 0, delayMs: 0, expiresAt: undefined, properties: {} }]);
      }
      return store.ack(queue, receipts);
    },
  };
}

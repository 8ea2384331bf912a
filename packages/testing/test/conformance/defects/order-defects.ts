import type { OutgoingMessage, QueueStore, StoredMessage } from '@kombu/core/spi';
import type { Defect } from './plant.ts';
import { gated } from './gate.ts';
import { plant, releaseToTail } from './plant.ts';

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

const onPut = (change: (message: OutgoingMessage) => OutgoingMessage): Defect['transport'] =>
  plant({ store: (store) => ({ put: (queue, messages) => store.put(queue, messages.map(change)) }) });

/** Faults in order and priority. */
export const orderDefects: readonly Defect[] = [
  {
    name: 'batches are reversed',
    caughtBy: 'order/thousand',
    transport: plant({ store: (store) => ({ put: (queue, messages) => store.put(queue, messages.toReversed()) }) }),
  },
  {
    name: 'what a read returns is delivered in reverse',
    caughtBy: 'order/acked',
    transport: plant({
      store: (store) => ({ get: async (queue, options) => (await store.get(queue, options)).toReversed() }),
    }),
  },
  {
    name: 'one of many publishes at once is lost',
    caughtBy: 'order/concurrent',
    transport: plant({
      store: (store) => ({
        put: (queue, messages) => store.put(queue, messages.length > 100 ? messages.slice(0, -1) : messages),
      }),
    }),
  },
  {
    name: 'small messages overtake large ones',
    caughtBy: 'order/mixed',
    transport: plant({
      store: (store) => ({
        put: (queue, messages) =>
          store.put(
            queue,
            messages.toSorted((one, other) => one.payload.length - other.payload.length),
          ),
      }),
    }),
  },
  {
    name: 'priority is ignored',
    caughtBy: 'priority/order',
    transport: onPut((message) => ({ ...message, priority: 0 })),
  },
  {
    name: 'priority is inverted',
    caughtBy: 'priority/order',
    transport: onPut((message) => ({ ...message, priority: 9 - message.priority })),
  },
  {
    name: 'messages of equal priority come newest first',
    caughtBy: 'priority/order',
    transport: plant({ store: newestOfEqualsFirst }),
  },
  {
    name: 'a message without a priority counts as 5',
    caughtBy: 'priority/absent',
    transport: onPut((message) => ({
      ...message,
      priority: message.properties['priority'] === undefined ? 5 : message.priority,
    })),
  },
  {
    name: 'a priority out of range is clamped',
    caughtBy: 'priority/out-of-range',
    transport: onProperty('priority', (level) => Math.min(Math.max(Math.trunc(level) || 0, 0), 9)),
  },
  {
    name: 'a prefetch buffer hides the priorities',
    caughtBy: 'priority/consumer',
    transport: plant(gated((prefetch) => prefetch)),
  },
  {
    name: 'a requeued message loses its priority',
    caughtBy: 'priority/after-requeue',
    transport: plant({ store: releaseToTail }),
  },
];

function newestOfEqualsFirst(store: QueueStore): Partial<QueueStore> {
  return {
    get: async (queue, options) => {
      if (options.max > 1) return store.get(queue, options);
      const pair = await store.get(queue, { ...options, max: 2, noAck: false });
      const [first, second] = pair;
      if (!first || !second) return pair;
      const swap = levelOf(first) === levelOf(second) && levelOf(first) !== '0';
      const [kept, back] = swap ? [second, first] : [first, second];
      await store.release?.(queue, [back.receipt], { delayMs: 0 });
      return [kept];
    },
  };
}

function levelOf({ payload }: StoredMessage<unknown>): string {
  return /"priority":\s*(\d)/.exec(payload)?.[1] ?? '0';
}

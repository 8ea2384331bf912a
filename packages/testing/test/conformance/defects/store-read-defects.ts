import type { Clock, QueueStore } from '@kombu/core/spi';
import type { StoreDefect } from './plant.ts';
import { never } from './plant.ts';
import { outgoing } from '../../../src/conformance/store/test-store.ts';

/** Faults of a store in put and get. */
export const storeReadDefects: readonly StoreDefect[] = [
  {
    name: 'a store sees only what it put itself',
    caughtBy: 'put-get/two-stores',
    plant: (store) => {
      const own = new Set<string>();
      return {
        put: (queue, messages) => {
          own.add(queue);
          return store.put(queue, messages);
        },
        get: async (queue, options) => (own.has(queue) ? store.get(queue, options) : []),
      };
    },
  },
  {
    name: 'of puts at the same time the last is lost',
    caughtBy: 'put-get/concurrent',
    plant: (store) => {
      let underWay = 0;
      return {
        put: async (queue, messages) => {
          underWay += 1;
          await Promise.resolve();
          const lost = underWay === 1;
          underWay -= 1;
          return lost ? undefined : store.put(queue, messages);
        },
      };
    },
  },
  {
    name: 'one message that is too large fails all, and the ones before it are stored',
    caughtBy: 'put-get/partial',
    plant: (store) => ({
      put: async (queue, messages) => {
        for (const message of messages) {
          if (message.payload.length > 100_000) throw new Error('too large');
          await store.put(queue, [message]);
        }
      },
    }),
  },
  {
    name: 'a message wakes all who wait, and each gets it',
    caughtBy: 'waiting/one-of-two',
    plant: (store) => ({
      get: async (queue, options) => {
        const taken = await store.get(queue, options);
        if (options.waitMs > 0 && taken.length > 0) {
          const copies = taken.map(({ payload }) => outgoing(payload));
          await store.put(queue, copies);
        }
        return taken;
      },
    }),
  },
  {
    name: 'watch misses what other stores put',
    caughtBy: 'waiting/watch',
    plant: () => ({ watch: () => () => undefined }),
  },
  {
    name: 'watch cannot be stopped',
    caughtBy: 'waiting/watch',
    plant: (store) => ({
      watch: (queue, wake) => {
        store.watch?.(queue, wake);
        return () => undefined;
      },
    }),
  },
  {
    name: 'a batch is stored in reverse',
    caughtBy: 'put-get/order',
    plant: (store) => ({ put: (queue, messages) => store.put(queue, messages.toReversed()) }),
  },
  {
    name: 'get returns one more than it was asked for',
    caughtBy: 'put-get/max',
    plant: (store) => ({ get: (queue, options) => store.get(queue, { ...options, max: options.max + 1 }) }),
  },
  {
    name: 'batches are cut after ten messages',
    caughtBy: 'put-get/batches',
    plant: (store) => ({ put: (queue, messages) => store.put(queue, messages.slice(0, 10)) }),
  },
  {
    name: 'payloads are trimmed',
    caughtBy: 'put-get/payloads',
    plant: (store) => ({
      put: (queue, messages) =>
        store.put(
          queue,
          messages.map((each) => ({ ...each, payload: each.payload.trim() })),
        ),
    }),
  },
  {
    name: 'the size of an unknown queue is an error',
    caughtBy: 'put-get/unknown',
    plant: (store) => ({
      size: async (queue) => {
        if ((await store.exists?.(queue)) === false) await never();
        return store.size(queue);
      },
    }),
  },
  {
    name: 'all queues are one',
    caughtBy: 'put-get/two-queues',
    plant: (store) => ({
      put: (_, messages) => store.put('one', messages),
      get: (_, options) => store.get('one', options),
      ack: (_, receipts) => store.ack('one', receipts),
    }),
  },
  {
    name: 'every message is marked as redelivered',
    caughtBy: 'put-get/fresh',
    plant: (store) => ({
      get: async (queue, options) => (await store.get(queue, options)).map((each) => ({ ...each, redelivered: true })),
    }),
  },
  {
    name: 'what is delivered with noAck is leased, and nobody gets the receipt',
    caughtBy: 'put-get/no-ack',
    plant: (store) => ({
      get: async (queue, options) => {
        const taken = await store.get(queue, { ...options, noAck: false });
        return options.noAck ? taken.map((each) => ({ ...each, receipt: undefined })) : taken;
      },
    }),
  },
  {
    name: 'messages expire a thousand times too early',
    caughtBy: 'put-get/expiry',
    plant: (store, clock) => ({
      put: (queue, messages) =>
        store.put(
          queue,
          messages.map((each) => ({
            ...each,
            expiresAt: each.expiresAt && clock.now() + (each.expiresAt - clock.now()) / 1000,
          })),
        ),
    }),
  },
  {
    name: 'get waits although it should only look',
    caughtBy: 'waiting/only-look',
    plant: (store) => ({ get: (queue, options) => store.get(queue, { ...options, waitMs: options.waitMs || 5000 }) }),
  },
  {
    name: 'get waits three times too long',
    caughtBy: 'waiting/ends-by-itself',
    plant: (store) => ({ get: (queue, options) => store.get(queue, { ...options, waitMs: options.waitMs * 3 }) }),
  },
  {
    name: 'a waiting get sleeps through a put',
    caughtBy: 'waiting/wakes-up',
    plant: sleepThenLook,
  },
  {
    name: 'the signal is ignored',
    caughtBy: 'waiting/signal-stops',
    plant: (store) => ({
      get: (queue, options) => store.get(queue, { ...options, signal: new AbortController().signal }),
    }),
  },
  {
    name: 'what was taken when the signal fired is dropped',
    caughtBy: 'waiting/signal-fired-before',
    plant: (store) => ({
      get: async (queue, options) => {
        const taken = await store.get(queue, { ...options, noAck: options.noAck || options.signal.aborted });
        return options.signal.aborted ? [] : taken;
      },
    }),
  },
  {
    name: 'what came together with the signal is dropped',
    caughtBy: 'waiting/signal-and-message',
    plant: (store) => ({
      get: async (queue, options) => {
        const taken = await store.get(queue, options);
        return options.signal.aborted ? [] : taken;
      },
    }),
  },
];

function sleepThenLook(store: QueueStore, clock: Clock): Partial<QueueStore> {
  return {
    get: async (queue, options) => {
      if (options.waitMs > 0) await new Promise<void>((resolve) => void clock.setTimeout(resolve, options.waitMs));
      return store.get(queue, { ...options, waitMs: 0 });
    },
  };
}

import type { QueueStore, SettleOutcome } from '@kombu/core/spi';
import type { StoreDefect } from './plant.ts';
import { never, releaseToTail } from './plant.ts';

/** Faults of a store in settling and leasing. */
export const storeSettleDefects: readonly StoreDefect[] = [
  {
    name: 'an ack does nothing',
    caughtBy: 'settle/ack-final',
    plant: () => ({ ack: async (_, receipts) => receipts.map(() => 'ok') }),
  },
  {
    name: 'only ten acks of a batch are carried out',
    caughtBy: 'settle/ack-batch',
    plant: (store) => ({ ack: async (queue, receipts) => void (await store.ack(queue, receipts.slice(0, 10))) }),
  },
  {
    name: 'lost leases stand at the end of the outcomes',
    caughtBy: 'settle/ack-outcomes',
    plant: (store) => ({
      ack: async (queue, receipts) =>
        ((await store.ack(queue, receipts)) ?? []).toSorted((one) => (one === 'ok' ? -1 : 1)),
    }),
  },
  {
    name: 'a second ack takes the next message',
    caughtBy: 'settle/ack-twice',
    plant: (store) => ({
      ack: async (queue, receipts) => {
        const outcomes = (await store.ack(queue, receipts)) ?? [];
        const lost = outcomes.filter((each) => each === 'lease-lost').length;
        if (lost > 0)
          await store.get(queue, { max: lost, waitMs: 0, noAck: true, signal: new AbortController().signal });
        return outcomes;
      },
    }),
  },
  { name: 'release puts messages at the end', caughtBy: 'settle/release', plant: releaseToTail },
  { name: 'released batches are turned round', caughtBy: 'settle/release-batch', plant: releaseToTail },
  {
    name: 'released messages are not marked',
    caughtBy: 'settle/release',
    plant: (store) => ({
      get: async (queue, options) =>
        (await store.get(queue, options)).map(({ payload, receipt }) => ({ payload, receipt, redelivered: false })),
    }),
  },
  {
    name: 'the delay of a release is ignored',
    caughtBy: 'settle/release-delay',
    plant: (store) => ({ release: async (queue, receipts) => store.release?.(queue, receipts, { delayMs: 0 }) }),
  },
  {
    name: 'a release leaves the old lease running',
    caughtBy: 'settle/release-ends-lease',
    plant: releaseTwice,
  },
  {
    name: 'deliveries are not counted',
    caughtBy: 'settle/delivery-count',
    plant: (store) => ({
      get: async (queue, options) => (await store.get(queue, options)).map((each) => ({ ...each, deliveryCount: 0 })),
    }),
  },
  {
    name: 'taken messages stay in sight',
    caughtBy: 'lease/hides',
    plant: stayInSight,
  },
  {
    name: 'a lease ends after half its time',
    caughtBy: 'lease/not-early',
    plant: (store, clock) => ({
      get: async (queue, options) => {
        const taken = await store.get(queue, options);
        const receipts = taken.map((each) => each.receipt);
        clock.setTimeout(() => void store.release?.(queue, receipts, { delayMs: 0 }), 15_000);
        return taken;
      },
    }),
  },
  {
    name: 'what comes back after its lease is not marked',
    caughtBy: 'lease/expires',
    plant: (store) => ({
      get: async (queue, options) =>
        (await store.get(queue, options)).map(({ payload, receipt }) => ({ payload, receipt })),
    }),
  },
  {
    name: 'a stale ack says ok',
    caughtBy: 'lease/stale-ack',
    plant: (store) => ({ ack: async (queue, receipts) => void (await store.ack(queue, receipts)) }),
  },
  {
    name: 'a stale release says ok',
    caughtBy: 'lease/stale-release',
    plant: (store) => ({
      release: async (queue, receipts, options) => void (await store.release?.(queue, receipts, options)),
    }),
  },
  {
    name: 'a stale renew says ok',
    caughtBy: 'lease/stale-renew',
    plant: (store) => ({ renew: async (queue, receipts) => void (await store.renew?.(queue, receipts)) }),
  },
  {
    name: 'an ack after the lease is lost without a word',
    caughtBy: 'lease/late-ack',
    plant: (store) => ({ ack: async (queue, receipts) => void (await store.ack(queue, receipts)) }),
  },
  {
    name: 'renew does nothing',
    caughtBy: 'lease/renew',
    plant: () => ({ renew: async (_, receipts) => receipts.map(() => 'ok') }),
  },
  {
    name: 'the store does not say how long a lease is',
    caughtBy: 'lease/lease-time',
    plant: () => ({ leaseMs: Number.NaN }),
  },
  {
    name: 'close drops what is leased',
    caughtBy: 'lease/store-closed',
    plant: ackAllOnClose,
  },
];

function releaseTwice(store: QueueStore): Partial<QueueStore> {
  const copying = releaseToTail(store);
  const { release = never } = copying;
  return {
    ...copying,
    release: async (queue, receipts, options): Promise<void | readonly SettleOutcome[]> => {
      const message = { payload: 'x', priority: 0, delayMs: 31_000, expiresAt: undefined, properties: {} };
      await store.put(queue, [message]);
      return store.release ? store.release(queue, receipts, options) : release(queue, receipts, options);
    },
  };
}

function stayInSight(store: QueueStore): Partial<QueueStore> {
  return {
    get: async (queue, options) => {
      const taken = await store.get(queue, options);
      await store.release?.(
        queue,
        taken.map((each) => each.receipt),
        { delayMs: 0 },
      );
      return taken;
    },
  };
}

function ackAllOnClose(store: QueueStore): Partial<QueueStore> {
  const held: [string, unknown][] = [];
  return {
    get: async (queue, options) => {
      const taken = await store.get(queue, options);
      held.push(...taken.map((each): [string, unknown] => [queue, each.receipt]));
      return taken;
    },
    close: async () => {
      for (const [queue, receipt] of held) await store.ack(queue, [receipt]).catch(() => undefined);
      await store.close();
    },
  };
}

import type { Clock, QueueStore, SettleOutcome } from '@kombu/core/spi';
import { never } from './plant.ts';

/** A fault of a store, and the case that has to find it. */
export interface StoreDefect {
  readonly name: string;
  readonly caughtBy: string;
  readonly plant: (store: QueueStore, clock: Clock) => Partial<QueueStore>;
}

export const storeDefects: readonly StoreDefect[] = [
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
  { name: 'release puts messages at the end', caughtBy: 'settle/release', plant: copyToTail },
  { name: 'released batches are turned round', caughtBy: 'settle/release-batch', plant: copyToTail },
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
  {
    name: 'a member is there that is said to be lacking',
    caughtBy: 'manage/members',
    plant: () => ({ watch: () => stop }),
  },
  {
    name: 'size counts the leased messages too',
    caughtBy: 'manage/size',
    plant: countLeased,
  },
  { name: 'purge does nothing', caughtBy: 'manage/purge', plant: () => ({ purge: async () => 0 }) },
  {
    name: 'purge takes the leased messages too',
    caughtBy: 'manage/purge',
    plant: (store) => ({
      purge: async (queue) => {
        const count = await store.size(queue);
        await store.delete(queue);
        return count;
      },
    }),
  },
  { name: 'delete does nothing', caughtBy: 'manage/delete', plant: () => ({ delete: async () => undefined }) },
  {
    name: 'delete leaves the leased messages',
    caughtBy: 'manage/delete',
    plant: (store) => ({ delete: async (queue) => void (await store.purge(queue)) }),
  },
  {
    name: 'an empty queue does not exist',
    caughtBy: 'manage/exists',
    plant: (store) => ({ exists: async (queue) => (await store.size(queue)) > 0 }),
  },
  {
    name: 'declaring again empties the queue',
    caughtBy: 'manage/declare-again',
    plant: (store) => ({
      declare: async (queue) => {
        await store.declare?.(queue);
        await store.purge(queue.name);
      },
    }),
  },
  {
    name: 'dots and dashes in names are the same',
    caughtBy: 'manage/names',
    plant: (store) => ({
      put: (queue, messages) => store.put(plain(queue), messages),
      get: (queue, options) => store.get(plain(queue), options),
      ack: (queue, receipts) => store.ack(plain(queue), receipts),
    }),
  },
  {
    name: 'priority is inverted',
    caughtBy: 'ranks/priority',
    plant: (store) => ({
      put: (queue, messages) =>
        store.put(
          queue,
          messages.map((each) => ({ ...each, priority: 9 - each.priority })),
        ),
    }),
  },
  { name: 'a release forgets the priority', caughtBy: 'ranks/priority-released', plant: copyToTail },
  {
    name: 'delay is ignored',
    caughtBy: 'ranks/delay',
    plant: (store) => ({
      put: (queue, messages) =>
        store.put(
          queue,
          messages.map((each) => ({ ...each, delayMs: 0 })),
        ),
    }),
  },
  { name: 'what becomes due wakes nobody', caughtBy: 'ranks/delay-wakes', plant: sleepThenLook },
  {
    name: 'close leaves gets waiting',
    caughtBy: 'end/close-settles',
    plant: (store) => ({
      get: async (queue, options) => (options.waitMs > 10_000 ? never() : store.get(queue, options)),
    }),
  },
  {
    name: 'a second close hangs',
    caughtBy: 'end/close-twice',
    plant: (store) => {
      let closed = false;
      return {
        close: () => {
          if (closed) return never();
          closed = true;
          return store.close();
        },
      };
    },
  },
  {
    name: 'a get of a closed store hangs',
    caughtBy: 'end/after-close',
    plant: (store) => ({ get: (queue, options) => store.get(queue, options).catch(() => never()) }),
  },
  {
    name: 'close leaves a timer behind',
    caughtBy: 'end/timers',
    plant: (store, clock) => ({
      close: () => {
        clock.setTimeout(() => undefined, 3_600_000);
        return store.close();
      },
    }),
  },
  {
    name: 'queues hold no more than 5 000 messages',
    caughtBy: 'end/ten-thousand',
    plant: (store) => ({
      put: async (queue, messages) => ((await store.size(queue)) >= 5000 ? undefined : store.put(queue, messages)),
    }),
  },
];

function stop(): void {}

function plain(queue: string): string {
  return queue.replaceAll('.', '-');
}

function sleepThenLook(store: QueueStore, clock: Clock): Partial<QueueStore> {
  return {
    get: async (queue, options) => {
      if (options.waitMs > 0) await new Promise<void>((resolve) => void clock.setTimeout(resolve, options.waitMs));
      return store.get(queue, { ...options, waitMs: 0 });
    },
  };
}

function copyToTail(store: QueueStore): Partial<QueueStore> {
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

function releaseTwice(store: QueueStore): Partial<QueueStore> {
  const { release = never } = copyToTail(store);
  return {
    ...copyToTail(store),
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

function countLeased(store: QueueStore): Partial<QueueStore> {
  let leased = 0;
  return {
    get: async (queue, options) => {
      const taken = await store.get(queue, options);
      leased += taken.length;
      return taken;
    },
    size: async (queue) => (await store.size(queue)) + leased,
  };
}

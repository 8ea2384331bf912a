import type { Clock, QueueStore } from '@kombu/core/spi';
import type { StoreDefect } from './plant.ts';
import { never, releaseToTail } from './plant.ts';

/** Faults of a store in queues, ranks and its end. */
export const storeQueueDefects: readonly StoreDefect[] = [
  {
    name: 'a member is lacking that is said to be there',
    caughtBy: 'manage/members',
    plant: forgetWatch,
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
    name: 'purge takes the name for a pattern',
    caughtBy: 'manage/prefixes',
    plant: (store) =>
      onFamily(store, (family) => ({
        purge: async (queue) => sum(family(queue.replace(/\*$/, ''), queue).map((each) => store.purge(each))),
      })),
  },
  {
    name: 'delete takes all queues whose names begin so',
    caughtBy: 'manage/prefixes',
    plant: (store) =>
      onFamily(store, (family) => ({
        delete: async (queue) => void (await Promise.all(family(queue, queue).map((each) => store.delete(each)))),
      })),
  },
  {
    name: 'long names are cut',
    caughtBy: 'manage/long-names',
    plant: (store) => ({
      put: (queue, messages) => store.put(queue.slice(0, 200), messages),
      get: (queue, options) => store.get(queue.slice(0, 200), options),
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
  { name: 'a release forgets the priority', caughtBy: 'ranks/priority-released', plant: releaseToTail },
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
    name: 'close empties the queues of all stores',
    caughtBy: 'end/others-live',
    plant: (store) => {
      const used = new Set<string>();
      return {
        put: (queue, messages) => {
          used.add(queue);
          return store.put(queue, messages);
        },
        close: async () => {
          await Promise.allSettled([...used].map((queue) => store.purge(queue)));
          await store.close();
        },
      };
    },
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

function forgetWatch(store: QueueStore): Partial<QueueStore> {
  Reflect.deleteProperty(store, 'watch');
  return {};
}

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

/** Knows the queues that were put into; `family` names a queue and those that begin like it. */
function onFamily(
  store: QueueStore,
  faults: (family: (start: string, queue: string) => readonly string[]) => Partial<QueueStore>,
): Partial<QueueStore> {
  const queues = new Set<string>();
  return {
    put: (queue, messages) => {
      queues.add(queue);
      return store.put(queue, messages);
    },
    ...faults((start, queue) => [queue, ...[...queues].filter((each) => each !== queue && each.startsWith(start))]),
  };
}

async function sum(counts: readonly Promise<number>[]): Promise<number> {
  return (await Promise.all(counts)).reduce((total, each) => total + each, 0);
}

import type { BindingDeclaration, BindingStore, QueueStore } from '@kombu/core/spi';
import type { StoreDefect } from './plant.ts';

const onTable =
  (change: (table: BindingStore) => Partial<BindingStore>): StoreDefect['plant'] =>
  (store) => ({ bindings: { ...tableOf(store), ...change(tableOf(store)) } });

/** Faults of a shared table of bindings. */
export const storeBindingDefects: readonly StoreDefect[] = [
  {
    name: 'bindings are known to the store that added them only',
    caughtBy: 'bindings/shared',
    plant: onTable((table) => {
      const own: BindingDeclaration[] = [];
      return {
        add: (binding, type) => {
          own.push(binding);
          return table.add(binding, type);
        },
        list: async (exchange) => own.filter((each) => each.exchange === exchange),
      };
    }),
  },
  {
    name: 'the bindings of all exchanges are listed',
    caughtBy: 'bindings/shared',
    plant: onTable((table) => {
      const exchanges = new Set<string>();
      return {
        add: (binding, type) => {
          exchanges.add(binding.exchange);
          return table.add({ ...binding, exchange: 'one' }, type);
        },
        list: (_exchange, type) => table.list('one', type),
      };
    }),
  },
  {
    name: 'a binding that is added twice is listed twice',
    caughtBy: 'bindings/idempotent',
    plant: onTable((table) => ({
      list: async (exchange, type) => {
        const list = await table.list(exchange, type);
        return [...list, ...list];
      },
    })),
  },
  {
    name: 'removing what is not there removes something else',
    caughtBy: 'bindings/idempotent',
    plant: onTable((table) => ({
      remove: async ({ exchange }) => {
        const [first] = await table.list(exchange, 'topic');
        if (first) await table.remove(first);
      },
    })),
  },
  {
    name: 'removeQueue does nothing',
    caughtBy: 'bindings/remove-queue',
    plant: onTable(() => ({ removeQueue: async () => undefined })),
  },
  {
    name: 'removeQueue takes an exchange of that name for the queue',
    caughtBy: 'bindings/remove-queue',
    plant: onTable((table) => {
      const chained: BindingDeclaration[] = [];
      return {
        add: (binding, type) => {
          if (binding.destinationType === 'exchange') chained.push(binding);
          return table.add(binding, type);
        },
        removeQueue: async (queue) => {
          for (const each of chained) if (each.destination === queue) await table.remove(each);
          await table.removeQueue(queue);
        },
      };
    }),
  },
  {
    name: 'the arguments of a binding are lost',
    caughtBy: 'bindings/whole',
    plant: onTable((table) => ({ add: (binding, type) => table.add({ ...binding, arguments: {} }, type) })),
  },
  {
    name: 'every binding leads to a queue',
    caughtBy: 'bindings/whole',
    plant: onTable((table) => ({
      list: async (exchange, type) =>
        (await table.list(exchange, type)).map((each) => ({ ...each, destinationType: 'queue' })),
    })),
  },
  {
    name: 'removing a binding removes all with its key',
    caughtBy: 'bindings/whole',
    plant: onTable((table) => ({
      remove: async ({ exchange, routingKey }) => {
        for (const each of await table.list(exchange, 'headers')) {
          if (each.routingKey === routingKey) await table.remove(each);
        }
      },
    })),
  },
  {
    name: 'the list is cached for ever',
    caughtBy: 'bindings/fresh',
    plant: onTable((table) => {
      const cache = new Map<string, Promise<readonly BindingDeclaration[]>>();
      return {
        list: (exchange, type) => {
          const known = cache.get(exchange) ?? table.list(exchange, type);
          cache.set(exchange, known);
          return known;
        },
      };
    }),
  },
  {
    name: 'routing keys with commas are cut',
    caughtBy: 'bindings/names',
    plant: onTable((table) => ({
      list: async (exchange, type) =>
        (await table.list(exchange, type)).map((each) => ({
          ...each,
          routingKey: each.routingKey.split(',')[0] ?? '',
        })),
    })),
  },
];

function tableOf(store: QueueStore): BindingStore {
  if (!store.bindings) throw new Error('the store has no bindings');
  return store.bindings;
}

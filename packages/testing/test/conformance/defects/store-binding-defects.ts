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
        list: () => table.list('one'),
      };
    }),
  },
  {
    name: 'a binding that is added twice is listed twice',
    caughtBy: 'bindings/idempotent',
    plant: onTable((table) => ({
      list: async (exchange) => {
        const list = await table.list(exchange);
        return [...list, ...list];
      },
    })),
  },
  {
    name: 'removing what is not there removes something else',
    caughtBy: 'bindings/idempotent',
    plant: onTable((table) => ({
      remove: async ({ exchange }) => {
        const [first] = await table.list(exchange);
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
    name: 'the list is cached for ever',
    caughtBy: 'bindings/fresh',
    plant: onTable((table) => {
      const cache = new Map<string, Promise<readonly BindingDeclaration[]>>();
      return {
        list: (exchange) => {
          const known = cache.get(exchange) ?? table.list(exchange);
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
      list: async (exchange) =>
        (await table.list(exchange)).map((each) => ({ ...each, routingKey: each.routingKey.split(',')[0] ?? '' })),
    })),
  },
];

function tableOf(store: QueueStore): BindingStore {
  if (!store.bindings) throw new Error('the store has no bindings');
  return store.bindings;
}

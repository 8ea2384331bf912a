import type { BindingDeclaration, BindingStore, Clock, QueueStore } from '@kombu/core/spi';
import type { StoreHarnessOptions, TransportHarnessOptions } from '../../src/conformance/index.ts';
import { MemoryBroker } from '../../src/memory/memory-broker.ts';
import type { MemoryTransport } from '../../src/memory/memory-transport.ts';
import { createMemoryTransport } from '../../src/memory/memory-transport.ts';
import { outgoing } from '../../src/conformance/store/test-store.ts';
import { storeOf } from './defects/plant.ts';

let current: MemoryTransport | undefined;

/** The in-memory transport on a manual clock. */
export const memoryHarness: TransportHarnessOptions = {
  name: 'memory',
  time: 'manual',
  transport: (clock) => {
    current = createMemoryTransport({ clock });
    return current;
  },
  restartBroker: async () => current?.broker()?.cut(),
  putRaw: async (queue, payload) =>
    current
      ?.broker()
      ?.queueFor(queue)
      .put([outgoing(payload)]),
};

const leaseMs = 30_000;

/** The stores of the in-memory transport on a manual clock. */
export const memoryStores: StoreHarnessOptions = {
  name: 'the store of memory',
  time: 'manual',
  capabilities: createMemoryTransport({ leaseMs }).capabilities,
  lacks: ['bindings', 'watch'],
  stores: (clock) => {
    const broker = newBroker(clock);
    return () => broker.connect();
  },
};

/** The same with all that a store may have: bindings that are shared, wake-ups, a limit of size. */
export const fullStores: StoreHarnessOptions = {
  ...memoryStores,
  name: 'a store with everything',
  capabilities: { ...memoryStores.capabilities, maxPayloadBytes: 100_000 },
  lacks: [],
  stores: (clock) => {
    const open = memoryStores.stores(clock);
    const bindings = memoryBindings();
    const watchers = new Set<Watcher>();
    return async () => {
      const store = storeOf(await open());
      return { ...store, bindings, ...watched(store, watchers) };
    };
  },
};

interface Watcher {
  readonly queue: string;
  readonly wake: () => void;
}

function watched(store: QueueStore, watchers: Set<Watcher>): Pick<QueueStore, 'put' | 'watch'> {
  return {
    watch: (queue, wake) => {
      const watcher = { queue, wake };
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    put: async (queue, messages) => {
      const fits = messages.filter((each) => each.payload.length <= 100_000);
      await store.put(queue, fits);
      for (const watcher of watchers) if (watcher.queue === queue) watcher.wake();
      const failed = messages.filter((each) => !fits.includes(each));
      return failed.map((each) => ({ index: messages.indexOf(each), error: new Error('the payload is too large') }));
    },
  };
}

/** A table of bindings in this process. */
export function memoryBindings(): BindingStore {
  const bindings = new Map<string, BindingDeclaration>();
  return {
    add: async (binding) => void bindings.set(JSON.stringify(binding), binding),
    remove: async (binding) => void bindings.delete(JSON.stringify(binding)),
    list: async (exchange) => [...bindings.values()].filter((each) => each.exchange === exchange),
    removeQueue: async (queue) => {
      for (const [key, { destination, destinationType }] of bindings) {
        if (destination === queue && destinationType === 'queue') bindings.delete(key);
      }
    },
  };
}

function newBroker(clock: Clock): MemoryBroker {
  const broker = new MemoryBroker({ name: 'conformance', clock, leaseMs, unused: () => undefined });
  // It forgets everything with its last connection, if nothing durable was declared.
  broker.connect();
  return broker;
}

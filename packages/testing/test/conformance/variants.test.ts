import type { Clock, QueueStore, Transport, VirtualCapabilities } from '@kombu/core/spi';
import { KombuError, defineVirtualTransport, isKombuBinding } from '@kombu/core/spi';
import { registerConformance, transportConformance, transportHarness } from '../../src/conformance/index.ts';
import { MemoryBroker } from '../../src/memory/memory-broker.ts';
import { createMemoryTransport } from '../../src/memory/memory-transport.ts';
import { storeOf } from './defects/plant.ts';
import { memoryBindings } from './memory.ts';

/**
 * What core makes of stores that can do less than the memory transport's: without a topology that all connections share, and
 * without all that is optional.
 */
interface Variant {
  readonly capabilities: Pick<VirtualCapabilities, 'ordering' | 'leaseMs' | 'sharedBindings'>;
  readonly store: (store: QueueStore) => QueueStore;
}

function virtual(clock: Clock, { capabilities, store }: Variant): Transport {
  const { leaseMs = Number.POSITIVE_INFINITY } = capabilities;
  const broker = new MemoryBroker({ name: 'variant', clock, leaseMs, unused: () => undefined });
  // The broker forgets everything with its last connection.
  broker.connect();
  return defineVirtualTransport({
    name: 'variant',
    schemes: ['variant'],
    capabilities: {
      priority: true,
      delay: true,
      acknowledge: 'broker',
      ...capabilities,
    },
    open: async () => ({ store: store(broker.connect()) }),
    classify: (error) => (error instanceof KombuError ? error.code : 'INTERNAL'),
  });
}

function whole(store: QueueStore): QueueStore {
  return store;
}

/** Only what a store must have; it counts no deliveries. */
function bare(store: QueueStore): QueueStore {
  return {
    put: (queue, messages) => store.put(queue, messages),
    get: async (queue, options) =>
      (await store.get(queue, options)).map(({ payload, receipt }) => ({ payload, receipt })),
    ack: (queue, receipts) => store.ack(queue, receipts),
    size: (queue) => store.size(queue),
    purge: (queue) => store.purge(queue),
    delete: (queue) => store.delete(queue),
    close: () => store.close(),
  };
}

registerConformance(
  { describe, it },
  transportConformance,
  transportHarness({
    name: 'a topology per connection',
    time: 'manual',
    transport: (clock) => virtual(clock, { capabilities: { ordering: 'fifo', leaseMs: 30_000 }, store: whole }),
  }),
);

registerConformance(
  { describe, it },
  transportConformance.filter(({ id }) => /^(routing|bindings|unroutable|declare|remove)\//.test(id)),
  transportHarness({
    name: "bindings in Kombu's layout",
    time: 'manual',
    transport: (clock) => {
      const bindings = { ...memoryBindings(), carries: isKombuBinding };
      return virtual(clock, {
        capabilities: { ordering: 'fifo', sharedBindings: true },
        store: (store) => ({ ...storeOf(store), bindings }),
      });
    },
  }),
);

const cannotTell = 'a store without `exists` cannot tell whether a queue exists';

registerConformance(
  { describe, it },
  transportConformance,
  transportHarness({
    name: 'a bare store',
    time: 'manual',
    transport: (clock) => virtual(clock, { capabilities: { ordering: 'best-effort' }, store: bare }),
    quirks: {
      'get/missing-queue': cannotTell,
      'unroutable/mandatory': cannotTell,
      'unroutable/returned': cannotTell,
      'consumers/missing-queue': cannotTell,
    },
  }),
);

registerConformance(
  { describe, it },
  transportConformance.filter(({ id }) => /^(delay|priority|messages|order|lease)\//.test(id)),
  transportHarness({
    name: 'no priority, no delay, small messages',
    time: 'manual',
    transport: (clock) =>
      createMemoryTransport({ clock, capabilities: { priority: false, delay: false, maxPayloadBytes: 100_000 } }),
  }),
);

registerConformance(
  { describe, it },
  transportConformance.filter(({ id }) => /^(delay|priority)\//.test(id)),
  transportHarness({
    name: 'short delays',
    time: 'manual',
    transport: (clock) => createMemoryTransport({ clock, capabilities: { maxDelayMs: 900_000 } }),
  }),
);

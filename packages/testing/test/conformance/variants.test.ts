import type { QueueStore } from '@kombu/core/spi';
import { KombuError, defineVirtualTransport } from '@kombu/core/spi';
import type { Clock, Transport, VirtualCapabilities } from '@kombu/core/spi';
import { registerConformance, transportConformance, transportHarness } from '../../src/conformance/index.ts';
import { MemoryBroker } from '../../src/memory/memory-broker.ts';
import { createMemoryTransport } from '../../src/memory/memory-transport.ts';

const leaseMs = 30_000;

/** A store as most brokers have it: every connection knows of exchanges and queues only what it declared itself. */
function apart(
  clock: Clock,
  wrap: (store: QueueStore) => QueueStore,
  ordering: 'fifo' | 'best-effort',
  lease: number = leaseMs,
): Transport {
  const broker = new MemoryBroker({ name: 'apart', clock, leaseMs: lease, unused: () => undefined });
  // The broker forgets everything with its last connection.
  broker.connect();
  const capabilities: VirtualCapabilities = {
    priority: true,
    delay: true,
    sharedBindings: false,
    acknowledge: 'broker',
    ...(lease === Infinity ? {} : { leaseMs: lease }),
    ordering,
    publisherConfirms: false,
    heartbeats: false,
  };
  return defineVirtualTransport({
    name: 'apart',
    schemes: ['apart'],
    capabilities,
    open: async () => ({ store: wrap(broker.connect()) }),
    classify: (error) => (error instanceof KombuError ? error.code : 'INTERNAL'),
  });
}

/** Only what a store must have. */
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
    name: 'a topology of its own',
    time: 'manual',
    transport: (clock) => apart(clock, (store) => store, 'fifo'),
  }),
);

registerConformance(
  { describe, it },
  transportConformance,
  transportHarness({
    name: 'a bare store',
    time: 'manual',
    transport: (clock) => apart(clock, bare, 'best-effort', Infinity),
  }),
);

registerConformance(
  { describe, it },
  transportConformance,
  transportHarness({
    name: 'no extras',
    time: 'manual',
    transport: (clock) =>
      createMemoryTransport({
        clock,
        leaseMs: Infinity,
        capabilities: { priority: false, delay: false, maxPayloadBytes: 100_000 },
      }),
  }),
);

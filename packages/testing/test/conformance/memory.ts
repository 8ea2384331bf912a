import type { StoreHarnessOptions, TransportHarnessOptions } from '../../src/conformance/index.ts';
import { MemoryBroker } from '../../src/memory/memory-broker.ts';
import { createMemoryTransport } from '../../src/memory/memory-transport.ts';

/** The in-memory transport on a manual clock. */
export const memoryHarness: TransportHarnessOptions & { readonly time: 'manual' } = {
  name: 'memory',
  time: 'manual',
  transport: (clock) => createMemoryTransport({ clock }),
};

const leaseMs = 30_000;

/** The stores of the in-memory transport on a manual clock. */
export const memoryStores: StoreHarnessOptions = {
  name: 'the store of memory',
  time: 'manual',
  capabilities: createMemoryTransport({ leaseMs }).capabilities,
  lacks: ['bindings', 'watch'],
  stores: (clock) => {
    const broker = new MemoryBroker({ name: 'conformance', clock, leaseMs, unused: () => undefined });
    return () => broker.connect();
  },
};

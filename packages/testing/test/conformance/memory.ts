import type { Clock } from '@kombu/core/spi';
import type { StoreHarnessOptions, TransportHarnessOptions } from '../../src/conformance/index.ts';
import { MemoryBroker } from '../../src/memory/memory-broker.ts';
import type { MemoryTransport } from '../../src/memory/memory-transport.ts';
import { createMemoryTransport } from '../../src/memory/memory-transport.ts';

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

function newBroker(clock: Clock): MemoryBroker {
  const broker = new MemoryBroker({ name: 'conformance', clock, leaseMs, unused: () => undefined });
  // It forgets everything with its last connection, if nothing durable was declared.
  broker.connect();
  return broker;
}

import { systemClock } from '@kombu/core/spi';
import {
  registerConformance,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
} from '../../src/conformance/index.ts';
import { MemoryBroker } from '../../src/memory/memory-broker.ts';
import { createMemoryTransport } from '../../src/memory/memory-transport.ts';
registerConformance(
  { describe, it },
  transportConformance,
  transportHarness({
    name: 'real',
    transport: () => createMemoryTransport({ leaseMs: 200, clock: systemClock }),
    timeScale: 0.1,
    quietMs: 10,
    deadlineMs: 2000,
  }),
);
registerConformance(
  { describe, it },
  storeConformance,
  storeHarness({
    name: 'real',
    lacks: ['bindings', 'watch'],
    capabilities: createMemoryTransport({ leaseMs: 200, clock: systemClock }).capabilities,
    stores: (clock) => {
      const b = new MemoryBroker({ name: 'x', clock, leaseMs: 200, unused() {} });
      b.connect();
      return () => b.connect();
    },
    timeScale: 0.1,
    quietMs: 10,
    deadlineMs: 2000,
  }),
);

import type { MemoryTransport } from '@kombu/testing';
import { createMemoryTransport, transportHarness } from '@kombu/testing';

type MemoryHarness = ReturnType<typeof transportHarness>;

/** The in-memory transport with all that the conformance cases may want of a broker, on a manual clock. */
export function memoryHarness(): MemoryHarness {
  let current: MemoryTransport | undefined;
  return transportHarness({
    name: 'memory',
    time: 'manual',
    transport: (clock) => (current = createMemoryTransport({ clock })),
    restartBroker: async () => current?.broker()?.cut(),
    putRaw: async (queue, payload) => {
      const message = { payload, priority: 0, delayMs: 0, expiresAt: undefined, properties: {} };
      current?.broker()?.queueFor(queue).put([message]);
    },
  });
}

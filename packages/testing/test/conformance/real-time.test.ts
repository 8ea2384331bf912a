import { systemClock } from '@kombu/core/spi';
import type { Transport } from '@kombu/core/spi';
import {
  registerConformance,
  runCase,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
} from '../../src/conformance/index.ts';
import { createMemoryTransport } from '../../src/memory/memory-transport.ts';
import { memoryStores } from './memory.ts';

/** The suites on the machine's own time, as against a broker in another process; a few cases of each kind are enough. */
const quick = { timeScale: 0.1, quietMs: 5, deadlineMs: 1000, leaseMs: 100 };

const few =
  /^(messages\/get|consumers\/backlog|prefetch\/one|ttl\/message|delay\/on-time|lease\/(renewed|crashed|stale-ack)|waiting\/(wakes-up|signal-stops))$/;

registerConformance(
  { describe, it },
  transportConformance.filter(({ id }) => few.test(id)),
  transportHarness({
    ...quick,
    name: 'memory in real time',
    transport: () => createMemoryTransport({ clock: systemClock, leaseMs: quick.leaseMs }),
  }),
);

registerConformance(
  { describe, it },
  storeConformance.filter(({ id }) => few.test(id)),
  storeHarness({ ...memoryStores, time: 'real', timeScale: 0.1, quietMs: 5, deadlineMs: 1000 }),
);

describe('a transport that hangs', () => {
  const hanging: Transport = { ...createMemoryTransport(), connect: () => new Promise(() => {}) };
  const [first] = transportConformance;

  it('turns the case red at the deadline, and says what hangs', async () => {
    const harness = transportHarness({ name: 'hanging', transport: hanging, deadlineMs: 30 });
    const { status, error } = await runCase(first!, harness);
    expect(status).toBe('fail');
    expect(error).toHaveProperty('message', 'connect() is still pending after 30 ms');
  });

  it('turns the case red at once on a manual clock', async () => {
    const { status, ms } = await runCase(
      first!,
      transportHarness({ name: 'hanging', time: 'manual', transport: hanging }),
    );
    expect(status).toBe('fail');
    expect(ms).toBeLessThan(1000);
  });
});

describe('leases in real time', () => {
  it('skips what would hold a lease for too long, and says so', async () => {
    const found = transportConformance.find(({ id }) => id === 'lease/renewed');
    const harness = transportHarness({ name: 'slow', transport: createMemoryTransport({ leaseMs: 30_000 }) });
    expect(await runCase(found!, harness)).toMatchObject({
      status: 'skipped',
      reason: expect.stringContaining('shortLease'),
    });
  });
});

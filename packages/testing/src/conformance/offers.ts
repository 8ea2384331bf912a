import type { Capabilities } from '@kombu/core/spi';
import type { Need } from './case.ts';
import type { HarnessOptions } from './harness.ts';

// A lease case holds a message for five leases and a little more.
const LEASES_HELD = 6;

/** Can the cases hold a message for several leases? */
export function isLeaseShort(leaseMs: number, { time, maxRealWaitMs = 60_000 }: HarnessOptions): boolean {
  return time === 'manual' ? leaseMs > 0 : leaseMs * LEASES_HELD <= maxRealWaitMs;
}

/** Which needs of the cases are met. */
export function offersOf(capabilities: Capabilities, options: HarnessOptions): Set<Need> {
  const leaseMs = options.leaseMs ?? capabilities.leaseMs;
  const manual = options.time === 'manual';
  const offers = new Set<Need>(capabilities.exchangeTypes.map((type): Need => `exchange:${type}`));
  const when = (holds: boolean, ...needs: Need[]): void => {
    if (holds) for (const need of needs) offers.add(need);
  };
  when(capabilities.exchangeBindings, 'exchangeBindings');
  when(capabilities.priority, 'priority');
  when(capabilities.delay, 'delay');
  when(capabilities.delay && capabilities.maxDelayMs !== undefined, 'maxDelay');
  when(capabilities.ttl, 'ttl');
  when(capabilities.queueLimits, 'queueLimits');
  when(capabilities.sharedBindings, 'sharedBindings');
  when(capabilities.acknowledge === 'broker', 'brokerAck');
  when(capabilities.ordering === 'fifo', 'fifo');
  when(capabilities.maxPayloadBytes !== undefined, 'payloadLimit');
  when(leaseMs !== undefined, 'lease');
  when(leaseMs === undefined || isLeaseShort(leaseMs, options), 'harness:shortLease');
  when(manual, 'harness:manualTime');
  return offers;
}

import type { Capabilities } from '@kombu/core';

/** Every capability, in the order in which it is printed. The type sees to it that none is forgotten. */
const labels: Readonly<Record<keyof Capabilities, string>> = {
  exchangeTypes: 'exchange types',
  exchangeBindings: 'exchange-to-exchange bindings',
  sharedBindings: 'bindings seen by every process',
  acknowledge: 'acknowledged by',
  publisherConfirms: 'publisher confirms',
  ordering: 'ordering',
  priority: 'priority',
  ttl: 'TTL of messages and queues',
  queueLimits: 'dead-lettering, length and expiry of queues',
  delay: 'delayed delivery',
  maxDelayMs: 'longest delay, ms',
  leaseMs: 'lease, ms',
  maxLeaseMs: 'longest lease with renewals, ms',
  heartbeats: 'heartbeats',
  replyQueue: 'pseudo queue for replies',
  maxPayloadBytes: 'largest message, bytes',
};

/** The capability matrix: for each capability its name, and the value of each transport. */
export function capabilityRows(transports: readonly Capabilities[]): readonly (readonly string[])[] {
  const keys = Object.keys(labels) as (keyof Capabilities)[];
  return keys.map((key) => [labels[key], ...transports.map((capabilities) => cell(capabilities[key]))]);
}

function cell(value: Capabilities[keyof Capabilities]): string {
  if (value === undefined || value === false) return '-';
  if (value === true) return 'yes';
  if (typeof value === 'object') return value.join('\n');
  return String(value);
}

import type { Transport } from '../../src/spi/transport.ts';

/** A transport that can be registered and does nothing. */
export function fakeTransport(name: string, schemes: readonly string[]): Transport {
  return {
    name,
    schemes,
    capabilities: {
      exchangeTypes: ['direct'],
      exchangeBindings: false,
      priority: false,
      delay: false,
      ttl: false,
      queueLimits: false,
      sharedBindings: false,
      acknowledge: 'broker',
      ordering: 'fifo',
      publisherConfirms: false,
      heartbeats: false,
    },
    connect: () => Promise.reject(new Error('not a broker')),
    classify: () => 'INTERNAL',
  };
}

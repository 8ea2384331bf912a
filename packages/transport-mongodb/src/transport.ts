import type { Transport } from '@kombu/core/spi';
import { defineVirtualTransport, parseUrl } from '@kombu/core/spi';
import type { Claim } from './claims.ts';
import { classify } from './classify.ts';
import { openStore } from './open-store.ts';
import { maxPayloadBytes } from './puts.ts';

/** Queues in MongoDB, in the layout of Kombu: one server, a replica set, or a sharded cluster. */
export const mongodbTransport: Transport = defineVirtualTransport<Claim>({
  name: 'mongodb',
  schemes: ['mongodb', 'mongodb+srv'],
  defaultPort: 27_017,
  capabilities: {
    priority: true,
    delay: true,
    sharedBindings: true,
    acknowledge: 'broker',
    leaseMs: 60_000,
    ordering: 'fifo',
    publisherConfirms: true,
    heartbeats: true,
    maxPayloadBytes,
  },
  // By the usual rules, but with several hosts if need be.
  parseUrl: (url) => parseUrl(url),
  open: async (target, context) => {
    const store = await openStore(target, context);
    return { store, pollingInterval: store.pollingInterval, waitMs: 30_000 };
  },
  classify,
});

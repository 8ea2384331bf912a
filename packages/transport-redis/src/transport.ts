import type { Transport } from '@kombu/core/spi';
import { defineVirtualTransport, parseUrl } from '@kombu/core/spi';
import { classify } from './classify.ts';
import type { Claim } from './claims.ts';
import { openStore } from './open-store.ts';
import { forms } from './servers/form.ts';

/** Queues in Redis, in the layout of Kombu: one server, the master of sentinels, or a cluster. */
export const redisTransport: Transport = defineVirtualTransport<Claim>({
  name: 'redis',
  schemes: Object.keys(forms),
  defaultPort: 6379,
  capabilities: {
    priority: true,
    delay: true,
    sharedBindings: true,
    acknowledge: 'broker',
    leaseMs: 60_000,
    ordering: 'fifo',
    publisherConfirms: true,
    heartbeats: true,
  },
  // By the usual rules, but with several hosts if need be.
  parseUrl: (url) => parseUrl(url),
  open: async (target, context) => {
    const store = await openStore(target, context);
    return { store, pollingInterval: store.pollingInterval };
  },
  classify,
});

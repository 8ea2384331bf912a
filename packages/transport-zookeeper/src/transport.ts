import type { Transport } from '@kombu/core/spi';
import { defineVirtualTransport } from '@kombu/core/spi';
import type { Claim } from './claims.ts';
import { classify } from './classify.ts';
import { openStore } from './connect.ts';
import { maxPayloadBytes } from './limits.ts';

/** Queues in Apache ZooKeeper, in the layout of Kombu: a node for each queue, a sequential node for each message. */
export const zookeeperTransport: Transport = defineVirtualTransport<Claim>({
  name: 'zookeeper',
  schemes: ['zookeeper', 'zk'],
  defaultPort: 2181,
  capabilities: {
    priority: true,
    acknowledge: 'broker',
    ordering: 'fifo',
    publisherConfirms: true,
    heartbeats: true,
    maxPayloadBytes,
  },
  open: async (target, context) => ({ store: await openStore(target, context) }),
  classify,
});

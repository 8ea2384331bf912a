import type { Transport } from '@kombu/core/spi';
import { classifySystemError, defineVirtualTransport } from '@kombu/core/spi';
import { readOptions } from './options.ts';
import { openStore } from './store.ts';

/** Queues in folders, in the layout of Kombu's `filesystem` transport. */
export const filesystemTransport: Transport = defineVirtualTransport({
  name: 'filesystem',
  schemes: ['filesystem'],
  capabilities: { sharedBindings: true, acknowledge: 'broker', leaseMs: 30_000, ordering: 'fifo' },
  open: async (target, { clock }) => ({ store: await openStore(readOptions(target), clock) }),
  classify: (error) => classifySystemError(error) ?? 'INTERNAL',
});

import type { ErrorCode, Transport } from '@kombu/core/spi';
import { defineVirtualTransport } from '@kombu/core/spi';
import { codeOf } from './files.ts';
import { readOptions } from './options.ts';
import { FilesystemStore } from './store.ts';

/** What the operating system's codes mean; see `man 3 errno`. */
const codes: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  ['EACCES', 'ACCESS_REFUSED'],
  ['EPERM', 'ACCESS_REFUSED'],
  ['EROFS', 'ACCESS_REFUSED'],
  ['ENOSPC', 'BLOCKED'],
  ['EDQUOT', 'BLOCKED'],
  // The folder itself is gone; a message that is gone is no error.
  ['ENOENT', 'CONNECTION_FAILED'],
  ['ENOTDIR', 'CONNECTION_FAILED'],
  ['EIO', 'CONNECTION_LOST'],
  ['ESTALE', 'CONNECTION_LOST'],
]);

/** Queues in folders, in the layout of Kombu's `filesystem` transport. */
export const filesystemTransport: Transport = defineVirtualTransport({
  name: 'filesystem',
  schemes: ['filesystem'],
  capabilities: {
    priority: false,
    delay: false,
    sharedBindings: true,
    acknowledge: 'broker',
    leaseMs: 30_000,
    ordering: 'fifo',
    publisherConfirms: false,
    heartbeats: false,
  },
  async open(target, { clock, logger }) {
    const options = readOptions(target);
    const store = new FilesystemStore(options, clock, logger);
    await store.open();
    return { store, pollingInterval: options.pollingInterval };
  },
  classify: (error) => codes.get(codeOf(error)) ?? 'INTERNAL',
});

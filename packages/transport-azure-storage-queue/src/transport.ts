import type { Transport } from '@kombu/core/spi';
import { defineVirtualTransport } from '@kombu/core/spi';
import { parseAccountUrl, redactAccountUrl, scheme } from './account-url.ts';
import type { Claim } from './claim.ts';
import { classify } from './classify.ts';
import { connect } from './connect.ts';
import { maxMessageBytes } from './message-text.ts';
import { readOptions } from './options.ts';

/** Queues in Azure Storage, in the layout of Kombu. */
export const azureStorageQueueTransport: Transport = defineVirtualTransport<Claim>({
  name: 'azure-storage-queue',
  schemes: [scheme],
  capabilities: {
    delay: true,
    maxDelayMs: 7 * 24 * 3_600_000,
    acknowledge: 'broker',
    leaseMs: 60_000,
    ordering: 'best-effort',
    publisherConfirms: true,
    maxPayloadBytes: maxMessageBytes,
  },
  parseUrl: parseAccountUrl,
  redact: redactAccountUrl,
  open: async (target, context) => {
    const options = readOptions(target);
    return { store: await connect(target, options, context), pollingInterval: options.pollingInterval };
  },
  classify,
});

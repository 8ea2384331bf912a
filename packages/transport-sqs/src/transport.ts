import type { Transport } from '@kombu/core/spi';
import { defineVirtualTransport } from '@kombu/core/spi';
import { classify } from './classify.ts';
import { connect } from './connect.ts';
import { longestDelayMs, longestLeaseMs, maxMessageBytes } from './limits.ts';
import type { Receipt } from './receipt.ts';

/** Queues in Amazon SQS, or in what speaks its protocol, in the layout of Kombu. */
export const sqsTransport: Transport = defineVirtualTransport<Receipt>({
  name: 'sqs',
  schemes: ['sqs'],
  capabilities: {
    delay: true,
    maxDelayMs: longestDelayMs,
    acknowledge: 'broker',
    leaseMs: 60_000,
    maxLeaseMs: longestLeaseMs,
    ordering: 'best-effort',
    publisherConfirms: true,
    // In base64, four characters hold three bytes.
    maxPayloadBytes: (maxMessageBytes / 4) * 3,
  },
  open: (target, context) => connect(target, context),
  classify,
});

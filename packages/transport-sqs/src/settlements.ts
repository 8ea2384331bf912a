import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type BatchResultErrorEntry,
} from '@aws-sdk/client-sqs';
import type { Clock, SettleOutcome } from '@kombu/core/spi';
import type { Calls } from './calls.ts';
import { entryError } from './entry-error.ts';
import { batchesOf, forEachOf } from './in-batches.ts';
import { longestLeaseMs, seconds } from './limits.ts';
import type { SqsQueue } from './queues.ts';
import type { Receipt } from './receipt.ts';

/** How SQS says that a receipt is worth nothing any more, in standard and FIFO queues. */
const worthless =
  /^(AWS\.SimpleQueueService\.)?(ReceiptHandleIsInvalid|MessageNotInflight|InvalidParameterValue|InvalidIdFormat)/;

interface Answer {
  readonly Failed?: BatchResultErrorEntry[] | undefined;
}

/** Ends leases, or makes them longer. */
export class Settlements {
  readonly #calls: Calls;
  readonly #clock: Clock;

  constructor(calls: Calls, clock: Clock) {
    this.#calls = calls;
    this.#clock = clock;
  }

  ack({ url }: SqsQueue, receipts: readonly Receipt[]): Promise<readonly SettleOutcome[]> {
    return this.#settle(receipts, 0, (batch) => {
      const command = new DeleteMessageBatchCommand({ QueueUrl: url, Entries: batch.map(entryOf) });
      return this.#calls.run('DeleteMessageBatch', (abortSignal) => this.#calls.client.send(command, { abortSignal }));
    });
  }

  renew(queue: SqsQueue, receipts: readonly Receipt[], leaseMs: number): Promise<readonly SettleOutcome[]> {
    return this.#settle(receipts, leaseMs, (batch) => this.#hide(queue, batch, () => leaseMs));
  }

  release(queue: SqsQueue, receipts: readonly Receipt[], delayMs: number): Promise<readonly SettleOutcome[]> {
    return this.#settle(receipts, 0, (batch) => this.#hide(queue, batch, ({ backoffMs }) => delayMs || backoffMs));
  }

  #hide({ url }: SqsQueue, receipts: readonly Receipt[], msOf: (receipt: Receipt) => number): Promise<Answer> {
    const Entries = receipts.map((receipt, index) => {
      return { ...entryOf(receipt, index), VisibilityTimeout: seconds(Math.min(msOf(receipt), longestLeaseMs)) };
    });
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries });
    return this.#calls.run('ChangeMessageVisibilityBatch', (abortSignal) =>
      this.#calls.client.send(command, { abortSignal }),
    );
  }

  /** @param leaseMs - the lease that the receipts have afterwards. */
  async #settle(
    receipts: readonly Receipt[],
    leaseMs: number,
    send: (batch: readonly Receipt[]) => Promise<Answer>,
  ): Promise<readonly SettleOutcome[]> {
    const asked = this.#clock.now();
    const lost = new Set(receipts.filter(({ until }) => until <= asked));
    const ours = receipts.filter((receipt) => !lost.has(receipt));
    await forEachOf(batchesOf(ours), async (batch) => {
      const { Failed = [] } = await send(batch);
      const refused = new Map(Failed.map((entry) => [entry.Id, entry]));
      for (const [index, receipt] of batch.entries()) {
        const refusal = refused.get(String(index));
        if (refusal && !worthless.test(refusal.Code ?? '')) throw entryError(refusal);
        if (refusal) lost.add(receipt);
        receipt.until = refusal || leaseMs === 0 ? 0 : asked + leaseMs;
      }
    });
    return receipts.map((receipt) => (lost.has(receipt) ? 'lease-lost' : 'ok'));
  }
}

function entryOf({ handle }: Receipt, index: number): { Id: string; ReceiptHandle: string } {
  return { Id: String(index), ReceiptHandle: handle };
}

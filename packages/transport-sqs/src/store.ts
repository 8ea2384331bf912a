import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type {
  Clock,
  GetOptions,
  Logger,
  OutgoingMessage,
  PutFailure,
  QueueDeclaration,
  QueueStore,
  SettleOutcome,
} from '@kombu/core/spi';
import { closedError, type Calls } from './calls.ts';
import { classify } from './classify.ts';
import type { SqsOptions } from './options.ts';
import { Puts } from './puts.ts';
import { Queues, type SqsQueue } from './queues.ts';
import { Receiver, type Received } from './receiver.ts';
import type { Receipt } from './receipt.ts';
import { Settlements } from './settlements.ts';

export interface SqsStoreParts {
  readonly calls: Calls;
  readonly options: SqsOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The payload in the body of an SQS message. */
  readonly payloadOf: (body: string) => string;
}

const noSignal = new AbortController().signal;
/** How long closing waits for answers that are on their way, in milliseconds. */
const graceMs = 1000;
/** What a purge takes at once. */
const purgeSize = 100;

/** Queues in SQS, in the layout of Kombu. */
export class SqsStore implements QueueStore<Receipt> {
  readonly leaseMs: number;
  readonly #parts: SqsStoreParts;
  readonly #queues: Queues;
  readonly #puts: Puts;
  readonly #receiver: Receiver;
  readonly #settlements: Settlements;
  #closing: Promise<void> | undefined;

  constructor(parts: SqsStoreParts) {
    this.leaseMs = parts.options.leaseMs;
    this.#parts = parts;
    this.#queues = new Queues(parts);
    this.#puts = new Puts(parts.calls, parts.options);
    this.#settlements = new Settlements(parts.calls, parts.clock);
    this.#receiver = new Receiver({ ...parts, giveBack: (queue, messages) => this.#giveBack(queue, messages) });
  }

  declare({ name }: QueueDeclaration): Promise<void> {
    return this.#queues.declare(name);
  }

  exists(queue: string): Promise<boolean> {
    return this.#queues.exists(queue);
  }

  async put(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly PutFailure[]> {
    this.#assertOpen();
    const failures = await this.#puts.put(await this.#queues.get(queue), messages);
    if (failures.some(({ error }) => classify(error) === 'NOT_FOUND')) this.#queues.forget(queue);
    return failures;
  }

  async get(queue: string, { max, waitMs, signal }: GetOptions): Promise<Received> {
    return (await this.#at(queue, (found) => this.#receiver.take(found, max, waitMs, signal))) ?? [];
  }

  async ack(queue: string, receipts: readonly Receipt[]): Promise<void | readonly SettleOutcome[]> {
    return this.#at(queue, (found) => this.#settlements.ack(found, receipts));
  }

  async renew(queue: string, receipts: readonly Receipt[]): Promise<void | readonly SettleOutcome[]> {
    return this.#at(queue, (found) => this.#settlements.renew(found, receipts, this.leaseMs));
  }

  async release(
    queue: string,
    receipts: readonly Receipt[],
    { delayMs }: { readonly delayMs: number },
  ): Promise<void | readonly SettleOutcome[]> {
    return this.#at(queue, (found) => this.#settlements.release(found, receipts, delayMs));
  }

  async size(queue: string): Promise<number> {
    return (await this.#at(queue, (found) => this.#sizeOf(found))) ?? 0;
  }

  /** Message by message: PurgeQueue of SQS takes those in work too, does not say how many, and works once a minute only. */
  async purge(queue: string): Promise<number> {
    return (await this.#at(queue, (found) => this.#purge(found))) ?? 0;
  }

  async delete(queue: string): Promise<void> {
    this.#assertOpen();
    const found = await this.#queues.find(queue);
    if (found) this.#receiver.forget(found);
    await this.#queues.delete(queue);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  unwrap(): unknown {
    return this.#parts.calls.client;
  }

  async #close(): Promise<void> {
    const { clock, calls } = this.#parts;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, graceMs);
      void this.#receiver.drain().then(() => {
        clock.clearTimeout(timer);
        resolve();
      });
    });
    calls.close();
  }

  #assertOpen(): void {
    if (this.#closing) throw closedError();
  }

  /** Undefined when there is no such queue. One that turns out to be gone is looked for anew by the next call. */
  async #at<T>(queue: string, work: (found: SqsQueue) => Promise<T>): Promise<T | undefined> {
    this.#assertOpen();
    const found = await this.#queues.find(queue);
    if (!found) return undefined;
    try {
      return await work(found);
    } catch (error) {
      if (classify(error) === 'NOT_FOUND') this.#queues.forget(queue);
      throw error;
    }
  }

  async #sizeOf({ url }: SqsQueue): Promise<number> {
    const { calls, options, logger } = this.#parts;
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessages'] });
    try {
      const { Attributes } = await calls.run('GetQueueAttributes', (abortSignal) =>
        calls.client.send(command, { abortSignal }),
      );
      return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
    } catch (error) {
      // Who may only send and receive can work with predefined queues all the same.
      if (!options.predefinedQueues || classify(error) !== 'ACCESS_REFUSED') throw error;
      logger.debug('The messages of a predefined queue cannot be counted: sqs:GetQueueAttributes is not allowed', {
        error,
      });
      return 0;
    }
  }

  async #purge(queue: SqsQueue): Promise<number> {
    for (let count = 0; ;) {
      let messages = await this.#receiver.take(queue, purgeSize, 0, noSignal);
      // A look may miss messages; a wait asks all servers of SQS.
      if (messages.length === 0 && (await this.#sizeOf(queue)) > 0) {
        messages = await this.#receiver.take(queue, purgeSize, 1000, noSignal);
      }
      if (messages.length === 0) return count;
      const receipts = messages.map(({ receipt }) => receipt);
      const outcomes = await this.#settlements.ack(queue, receipts);
      count += outcomes.filter((outcome) => outcome === 'ok').length;
    }
  }

  async #giveBack(queue: SqsQueue, messages: Received): Promise<void> {
    await this.#settlements.release(
      queue,
      messages.map(({ receipt }) => receipt),
      0,
    );
  }
}

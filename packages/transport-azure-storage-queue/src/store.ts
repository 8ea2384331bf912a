import type {
  GetOptions,
  OutgoingMessage,
  PutFailure,
  QueueDeclaration,
  QueueStore,
  SettleOutcome,
  StoredMessage,
} from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import type { Claim } from './claim.ts';
import { classify } from './classify.ts';
import type { QueueProperties, QueueService, ReceivedMessage, ServiceQueue } from './client.ts';
import { eachOf } from './each-of.ts';
import { fromMessageText, toMessageText } from './message-text.ts';
import type { AzureStorageQueueOptions } from './options.ts';
import { QueueNames } from './queue-names.ts';
import type { Requests } from './requests.ts';
import { isLeaseLost, isQueueMissing } from './service-error.ts';
import { timeToLive } from './time-to-live.ts';

export interface AzureStorageQueueStoreParts {
  readonly service: QueueService;
  readonly requests: Requests;
  readonly options: AzureStorageQueueOptions;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  /** Gives up the sockets. */
  readonly close: () => void;
}

/** The most that the service gives at a time. */
const batchSize = 32;

/** Queues in Azure Storage. Every method is a request, or several. */
export class AzureStorageQueueStore implements QueueStore<Claim> {
  readonly leaseMs: number;
  declare readonly declare?: NonNullable<QueueStore<Claim>['declare']>;
  readonly #parts: AzureStorageQueueStoreParts;
  readonly #requests: Requests;
  readonly #names: QueueNames;
  readonly #concurrency: number;
  readonly #leaseSeconds: number;

  constructor(parts: AzureStorageQueueStoreParts) {
    const { options, requests } = parts;
    this.#parts = parts;
    this.#requests = requests;
    this.#names = new QueueNames(options.queueNamePrefix);
    this.#concurrency = options.concurrency;
    this.leaseMs = options.leaseMs;
    this.#leaseSeconds = toSeconds(options.leaseMs);
    if (options.createQueues) this.declare = (queue) => this.#declare(queue);
  }

  async exists(queue: string): Promise<boolean> {
    return (await this.#properties(queue)) !== undefined;
  }

  async put(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly PutFailure[]> {
    this.#requests.assertOpen();
    const client = this.#client(queue);
    const failures: PutFailure[] = [];
    let broken: ConnectionError | undefined;
    await eachOf(messages, this.#concurrency, async (message, index) => {
      try {
        if (broken) throw broken;
        await this.#send(client, message);
      } catch (error) {
        failures.push({ index, error });
        if (!broken && isLinkError(error)) broken = notSent(error);
      }
    });
    return failures;
  }

  async get(queue: string, { max, signal }: GetOptions): Promise<readonly StoredMessage<Claim>[]> {
    // A request under way is not aborted: what it takes would be hidden and in nobody's hands.
    if (signal.aborted) return [];
    return (await this.#receive(queue, Math.min(max, batchSize))).map(
      ({ messageId, popReceipt, messageText, dequeueCount }) => ({
        payload: fromMessageText(messageText),
        receipt: { messageId, popReceipt },
        deliveryCount: dequeueCount - 1,
      }),
    );
  }

  ack(queue: string, receipts: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    const client = this.#client(queue);
    return this.#settle(receipts, ({ messageId, popReceipt }) =>
      this.#requests.run((options) => client.deleteMessage(messageId, popReceipt, options)),
    );
  }

  release(
    queue: string,
    receipts: readonly Claim[],
    { delayMs }: { readonly delayMs: number },
  ): Promise<readonly SettleOutcome[]> {
    return this.#hide(queue, receipts, toSeconds(delayMs));
  }

  renew(queue: string, receipts: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    return this.#hide(queue, receipts, this.#leaseSeconds);
  }

  /** Exact below 32. Above, the service's own count, in which delivered and delayed messages are included. */
  async size(queue: string): Promise<number> {
    const visible = await this.#orMissing(
      (client) => this.#requests.run((options) => client.peekMessages({ ...options, numberOfMessages: batchSize })),
      queue,
    );
    const count = visible?.peekedMessageItems.length ?? 0;
    return count < batchSize ? count : Math.max(count, await this.#approximateCount(queue));
  }

  /** One by one, for clearing the queue would take what is being worked on too. */
  async purge(queue: string): Promise<number> {
    // What is published meanwhile is not waited for.
    const most = await this.#approximateCount(queue);
    let removed = 0;
    while (removed < most) {
      const items = await this.#receive(queue, batchSize);
      if (items.length === 0) break;
      const outcomes = await this.ack(queue, items);
      removed += outcomes.filter((outcome) => outcome === 'ok').length;
    }
    return removed;
  }

  async delete(queue: string): Promise<void> {
    const client = this.#client(queue);
    await this.#requests.run((options) => client.deleteIfExists(options));
    this.#names.forget(queue);
  }

  close(): Promise<void> {
    this.#requests.close();
    this.#parts.close();
    return Promise.resolve();
  }

  unwrap(): unknown {
    return this.#parts.service;
  }

  async #declare({ name }: QueueDeclaration): Promise<void> {
    const client = this.#parts.service.getQueueClient(this.#names.claim(name));
    await this.#requests.run((options) => client.createIfNotExists(options));
  }

  #send(client: ServiceQueue, { payload, delayMs, expiresAt }: OutgoingMessage): Promise<unknown> {
    const { options, now } = this.#parts;
    const messageTimeToLive = timeToLive(expiresAt, now());
    const delay = delayMs > 0 ? { visibilityTimeout: toSeconds(delayMs) } : {};
    const text = toMessageText(payload, options.messageEncoding);
    return this.#requests.run((bounds) => client.sendMessage(text, { ...bounds, ...delay, messageTimeToLive }));
  }

  async #receive(queue: string, numberOfMessages: number): Promise<readonly ReceivedMessage[]> {
    const options = { numberOfMessages, visibilityTimeout: this.#leaseSeconds };
    const received = await this.#orMissing(
      (client) => this.#requests.run((bounds) => client.receiveMessages({ ...bounds, ...options })),
      queue,
    );
    return received?.receivedMessageItems ?? [];
  }

  /** Ready again after so many seconds. The content stays as it is; the receipt becomes a new one. */
  #hide(queue: string, receipts: readonly Claim[], seconds: number): Promise<readonly SettleOutcome[]> {
    const client = this.#client(queue);
    return this.#settle(receipts, async (claim) => {
      const { messageId, popReceipt } = claim;
      const updated = await this.#requests.run((options) =>
        client.updateMessage(messageId, popReceipt, undefined, seconds, options),
      );
      if (updated.popReceipt !== undefined) claim.popReceipt = updated.popReceipt;
    });
  }

  #settle<C extends Claim>(
    claims: readonly C[],
    work: (claim: C) => Promise<unknown>,
  ): Promise<readonly SettleOutcome[]> {
    return eachOf(claims, this.#concurrency, async (claim): Promise<SettleOutcome> => {
      try {
        await work(claim);
        return 'ok';
      } catch (error) {
        if (isLeaseLost(error)) return 'lease-lost';
        throw error;
      }
    });
  }

  async #approximateCount(queue: string): Promise<number> {
    return (await this.#properties(queue))?.approximateMessagesCount ?? 0;
  }

  #properties(queue: string): Promise<QueueProperties | undefined> {
    return this.#orMissing((client) => this.#requests.run((options) => client.getProperties(options)), queue);
  }

  /** A queue that is not there holds nothing. */
  async #orMissing<T>(ask: (client: ServiceQueue) => Promise<T>, queue: string): Promise<T | undefined> {
    try {
      return await ask(this.#client(queue));
    } catch (error) {
      if (isQueueMissing(error)) return undefined;
      throw error;
    }
  }

  #client(queue: string): ServiceQueue {
    return this.#parts.service.getQueueClient(this.#names.of(queue));
  }
}

function isLinkError(error: unknown): error is Error {
  return /^CONNECTION_|^CLOSED$/.test(classify(error));
}

/** For what was not tried any more after the link broke. */
function notSent(cause: Error): ConnectionError {
  return new ConnectionError(`The message was not sent: ${cause.message}`, { code: 'CONNECTION_FAILED', cause });
}

/** Whole seconds, and none too few: all that the service counts in. */
function toSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

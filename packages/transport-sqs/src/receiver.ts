import { ReceiveMessageCommand, type Message } from '@aws-sdk/client-sqs';
import type { Clock, Logger, StoredMessage } from '@kombu/core/spi';
import type { Calls } from './calls.ts';
import { batchSize, seconds } from './limits.ts';
import type { SqsOptions } from './options.ts';
import { backoffMsOf } from './predefined-queues.ts';
import type { SqsQueue } from './queues.ts';
import type { Receipt } from './receipt.ts';

export type Received = readonly StoredMessage<Receipt>[];

export interface ReceiverParts {
  readonly calls: Calls;
  readonly options: SqsOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The payload in the body of an SQS message. */
  readonly payloadOf: (body: string) => string;
  /** Makes messages ready again that nobody waits for any more. */
  readonly giveBack: (queue: SqsQueue, messages: Received) => Promise<void>;
}

/** A wait for messages that SQS holds. */
interface Poll {
  readonly max: number;
  readonly answer: Promise<Received>;
}

/** Calls for messages of one queue at the same time. */
const widest = 10;

/**
 * Takes messages out of queues. One call waits; only when the last ones came back full, several ask at once.
 *
 * SQS goes on with a wait whose reader hung up, and hides the message that it finds from everybody for the time of a lease. So a
 * wait is never cut short before the store closes: one that nobody wants any more goes to the next reader of the queue, or what it
 * brings is given back at once.
 */
export class Receiver {
  readonly #parts: ReceiverParts;
  /** How many calls the next look takes, by URL. */
  readonly #widths = new Map<string, number>();
  /** By URL: waits that nobody wants any more, each with its end. */
  readonly #unwanted = new Map<string, Map<Poll, Promise<void>>>();

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
  }

  async take(queue: SqsQueue, max: number, waitMs: number, signal: AbortSignal): Promise<Received> {
    if (signal.aborted) return [];
    const width = Math.min(this.#widths.get(queue.url) ?? 1, Math.ceil(max / batchSize));
    if (width > 1) {
      const messages = await this.#look(queue, max, width);
      if (messages.length > 0) return messages;
    }
    const waitSeconds = Math.min(Math.floor(waitMs / 1000), this.#parts.options.waitTimeSeconds);
    const messages = await this.#wait(queue, Math.min(max, batchSize), waitSeconds, signal);
    this.#setWidth(queue, messages.length === batchSize ? 2 : 1);
    return messages;
  }

  /** The queue is deleted: what waits there waits for another one than the next of this name. */
  forget({ url }: SqsQueue): void {
    this.#unwanted.delete(url);
    this.#widths.delete(url);
  }

  /** Resolves when no wait goes on that nobody wants, and what they brought is given back. */
  async drain(): Promise<void> {
    const waits = Array.from(this.#unwanted.values(), (polls) => Array.from(polls.values()));
    await Promise.all(waits.flat());
  }

  /** Takes what is ready now. */
  async #look(queue: SqsQueue, max: number, width: number): Promise<Received> {
    const sizes = Array.from({ length: width }, (_, index) => Math.min(batchSize, max - index * batchSize));
    const answers = await Promise.allSettled(sizes.map((size) => this.#receive(queue, size, 0)));
    const batches = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const full = batches.filter((batch) => batch.length === batchSize).length;
    this.#setWidth(queue, Math.min(widest, Math.max(1, 2 * full)));
    const messages = batches.flat();
    const failed = answers.find((answer) => answer.status === 'rejected');
    // What came is not to wait for its lease to end; the trouble shows again with the next call.
    if (failed && messages.length === 0) throw failed.reason;
    return messages;
  }

  #wait(queue: SqsQueue, max: number, waitSeconds: number, signal: AbortSignal): Promise<Received> {
    // It may have fired during a look.
    if (signal.aborted) return Promise.resolve([]);
    if (waitSeconds === 0) return this.#receive(queue, max, 0);
    const poll = this.#takeUnwanted(queue, max) ?? { max, answer: this.#receive(queue, max, waitSeconds) };
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#abandon(queue, poll);
        resolve([]);
      };
      signal.addEventListener('abort', leave, { once: true });
      const done = (): void => signal.removeEventListener('abort', leave);
      poll.answer.then(resolve, reject).finally(done);
    });
  }

  #takeUnwanted({ url }: SqsQueue, max: number): Poll | undefined {
    const polls = this.#unwanted.get(url);
    for (const poll of polls?.keys() ?? []) {
      if (poll.max > max) continue;
      polls?.delete(poll);
      return poll;
    }
    return undefined;
  }

  #abandon(queue: SqsQueue, poll: Poll): void {
    const polls = this.#unwanted.get(queue.url) ?? new Map<Poll, Promise<void>>();
    this.#unwanted.set(queue.url, polls);
    polls.set(poll, this.#giveBackWhenIn(queue, poll, polls));
  }

  async #giveBackWhenIn(queue: SqsQueue, poll: Poll, polls: Map<Poll, Promise<void>>): Promise<void> {
    try {
      const messages = await poll.answer;
      if (messages.length > 0 && polls.has(poll)) await this.#parts.giveBack(queue, messages);
    } catch (error) {
      this.#parts.logger.debug('A wait for messages that nobody wants any more failed', { error });
    }
    polls.delete(poll);
    if (polls.size === 0 && this.#unwanted.get(queue.url) === polls) this.#unwanted.delete(queue.url);
  }

  async #receive({ url, backoffPolicy }: SqsQueue, max: number, waitSeconds: number): Promise<Received> {
    const { calls, options, clock, payloadOf } = this.#parts;
    const command = new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: max,
      WaitTimeSeconds: waitSeconds,
      VisibilityTimeout: seconds(options.leaseMs),
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    });
    const { Messages = [] } = await calls.run(
      'ReceiveMessage',
      (abortSignal) => calls.client.send(command, { abortSignal }),
      waitSeconds * 1000,
    );
    const until = clock.now() + options.leaseMs;
    return Messages.map((message) => storedOf(message, payloadOf, until, backoffPolicy));
  }

  #setWidth({ url }: SqsQueue, width: number): void {
    if (width > 1) this.#widths.set(url, width);
    else this.#widths.delete(url);
  }
}

function storedOf(
  { Body = '', ReceiptHandle: handle = '', Attributes }: Message,
  payloadOf: ReceiverParts['payloadOf'],
  until: number,
  policy: SqsQueue['backoffPolicy'],
): StoredMessage<Receipt> {
  const deliveries = Math.max(1, Number(Attributes?.ApproximateReceiveCount) || 1);
  return {
    payload: payloadOf(Body),
    receipt: { handle, until, backoffMs: backoffMsOf(policy, deliveries) },
    redelivered: deliveries > 1,
    deliveryCount: deliveries - 1,
  };
}

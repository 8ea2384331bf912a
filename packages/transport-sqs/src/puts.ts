import { randomUUID } from 'node:crypto';
import { SendMessageBatchCommand, type SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import type { OutgoingMessage, PutFailure } from '@kombu/core/spi';
import { KombuError, LimitExceededError, PublishUncertainError, UnsupportedError } from '@kombu/core/spi';
import type { Calls } from './calls.ts';
import { classify } from './classify.ts';
import { entryError } from './entry-error.ts';
import { forEachOf } from './in-batches.ts';
import { batchSize, seconds } from './limits.ts';
import { encodeBody } from './message-body.ts';
import type { SqsOptions } from './options.ts';
import type { SqsQueue } from './queues.ts';

/** A message as an entry of a batch; its id is its index. */
interface Entry {
  readonly request: SendMessageBatchRequestEntry;
  readonly bytes: number;
}

/** Puts messages into queues. */
export class Puts {
  readonly #calls: Calls;
  readonly #options: SqsOptions;

  constructor(calls: Calls, options: SqsOptions) {
    this.#calls = calls;
    this.#options = options;
  }

  async put(queue: SqsQueue, messages: readonly OutgoingMessage[]): Promise<readonly PutFailure[]> {
    const failures: PutFailure[] = [];
    const entries: Entry[] = [];
    for (const [index, message] of messages.entries()) {
      try {
        entries.push(this.#entryOf(queue, message, index));
      } catch (error) {
        failures.push({ index, error });
      }
    }
    // Batches that overtake each other would break the order of a FIFO queue.
    const width = queue.isFifo ? 1 : undefined;
    await forEachOf(
      this.#batchesOf(entries),
      async (batch) => void failures.push(...(await this.#send(queue, batch))),
      width,
    );
    return failures;
  }

  async #send(queue: SqsQueue, batch: readonly Entry[]): Promise<readonly PutFailure[]> {
    const command = new SendMessageBatchCommand({ QueueUrl: queue.url, Entries: batch.map(({ request }) => request) });
    try {
      const { Failed = [] } = await this.#calls.run('SendMessageBatch', (abortSignal) =>
        this.#calls.sender.send(command, { abortSignal }),
      );
      return Failed.map((entry) => ({ index: Number(entry.Id), error: entryError(entry) }));
    } catch (cause) {
      // Some regions and emulators take less than a MiB, and refuse the batch as a whole.
      if (batch.length > 1 && classify(cause) === 'LIMIT_EXCEEDED') return this.#sendHalves(queue, batch);
      const error = this.#sendError(cause);
      return batch.map(({ request }) => ({ index: Number(request.Id), error }));
    }
  }

  async #sendHalves(queue: SqsQueue, batch: readonly Entry[]): Promise<readonly PutFailure[]> {
    const middle = batch.length >> 1;
    const first = await this.#send(queue, batch.slice(0, middle));
    return [...first, ...(await this.#send(queue, batch.slice(middle)))];
  }

  /** One socket that broke is not the end of the link: the next call takes another one. */
  #sendError(cause: unknown): unknown {
    if (cause instanceof KombuError || classify(cause) !== 'CONNECTION_LOST') return cause;
    return new PublishUncertainError(
      'The message may or may not be in the queue, because the socket broke before the answer came. Publish it again only if consumers can bear a duplicate.',
      { cause },
    );
  }

  #batchesOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
    const batches: Entry[][] = [];
    let room = 0;
    for (const entry of entries) {
      const last = batches.at(-1);
      if (last && last.length < batchSize && entry.bytes <= room) last.push(entry);
      else {
        batches.push([entry]);
        room = this.#options.maxMessageBytes;
      }
      room -= entry.bytes;
    }
    return batches;
  }

  #entryOf(queue: SqsQueue, message: OutgoingMessage, index: number): Entry {
    const { maxMessageBytes, sqsBase64Encoding } = this.#options;
    const body = encodeBody(message.payload, sqsBase64Encoding);
    const attributes = attributesOf(message);
    // Names, types and values of attributes count; their JSON is longer than that.
    const bytes = Buffer.byteLength(body) + (attributes ? Buffer.byteLength(JSON.stringify(attributes)) : 0);
    if (bytes > maxMessageBytes) throw sizeError(bytes, maxMessageBytes);
    const request: SendMessageBatchRequestEntry = {
      Id: String(index),
      MessageBody: body,
      ...(attributes && { MessageAttributes: attributes }),
      ...(queue.isFifo ? fifoParts(message) : standardParts(message)),
    };
    return { request, bytes };
  }
}

function standardParts({ delayMs, properties }: OutgoingMessage): Partial<SendMessageBatchRequestEntry> {
  const group = textOf(properties, 'messageGroupId');
  return {
    ...(delayMs > 0 && { DelaySeconds: seconds(delayMs) }),
    // In a standard queue it asks for fairness among the groups.
    ...(group !== undefined && { MessageGroupId: group }),
  };
}

function fifoParts({ payload, delayMs, properties }: OutgoingMessage): Partial<SendMessageBatchRequestEntry> {
  if (delayMs > 0)
    throw new UnsupportedError('SQS delays no single message of a FIFO queue: set DelaySeconds of the queue');
  // A dead letter keeps its id, and would be taken for the message that it was in the same queue before.
  const id = payload.includes('"x-death"') ? undefined : properties['messageId'];
  return {
    MessageGroupId: textOf(properties, 'messageGroupId') ?? 'default',
    MessageDeduplicationId:
      textOf(properties, 'messageDeduplicationId') ?? (typeof id === 'string' && id !== '' ? id : randomUUID()),
  };
}

/** Under its name here, or under Kombu's. */
function textOf(properties: OutgoingMessage['properties'], name: string): string | undefined {
  const value = properties[name] ?? properties[name.replace('m', 'M')];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** In the structure of SQS, as Kombu takes them. */
function attributesOf({ properties }: OutgoingMessage): SendMessageBatchRequestEntry['MessageAttributes'] {
  const value = properties['messageAttributes'] ?? properties['message_attributes'];
  if (typeof value !== 'object' || value === null) return undefined;
  return value as NonNullable<SendMessageBatchRequestEntry['MessageAttributes']>;
}

function sizeError(bytes: number, limit: number): LimitExceededError {
  return new LimitExceededError(
    `The message takes ${bytes} bytes, and SQS accepts at most ${limit}. Compress the body, or store it elsewhere and send a reference.`,
  );
}

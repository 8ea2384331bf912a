import {
  UnsupportedError,
  maybeDeclare,
  type Connection,
  type ExchangeType,
  type Message,
  type Queue,
} from '@kombu/core';
import { entryToQueue } from './entry-to-queue.ts';
import { QueueReader, type CarrotCallback, type ReadOptions } from './queue-reader.ts';

export type { CarrotCallback };

export interface ConsumerOptions {
  readonly queue: string;
  readonly exchange?: string | undefined;
  /** @default 'direct' */
  readonly exchangeType?: ExchangeType | undefined;
  readonly routingKey?: string | undefined;
  /** Of queue and exchange. @default true */
  readonly durable?: boolean | undefined;
  readonly exclusive?: boolean | undefined;
  /** Of queue and exchange. @default false */
  readonly autoDelete?: boolean | undefined;
}

export interface FetchOptions {
  /** Delivered means settled. @default false */
  readonly noAck?: boolean | undefined;
  /** Hand the message to the callbacks, too. @default false */
  readonly enableCallbacks?: boolean | undefined;
}

/** Consumes from one queue on a channel of its own. As `carrot.messaging.Consumer`. */
export class Consumer extends QueueReader implements AsyncIterable<Message | undefined> {
  readonly #queue: Queue;

  constructor(connection: Connection, { queue: name, ...entry }: ConsumerOptions) {
    const queue = entryToQueue(name, entry);
    super(connection, [queue]);
    this.#queue = queue;
  }

  /** The next message if there is one now. */
  async fetch({ noAck = false, enableCallbacks = false }: FetchOptions = {}): Promise<Message | undefined> {
    const place = await this.channel();
    await maybeDeclare(this.#queue, place);
    const message = await this.#queue.get(place, { noAck });
    if (message && enableCallbacks) await this.receive(message);
    return message;
  }

  /** As in Kombu: `fetch({ enableCallbacks: true })` does it. */
  processNext(): never {
    throw new UnsupportedError('processNext() does nothing here: use fetch({ enableCallbacks: true })');
  }

  /** Hands `limit` messages to the callbacks, and resolves to them. */
  async wait(limit: number, options: Omit<ReadOptions, 'limit'> = {}): Promise<Message[]> {
    const messages: Message[] = [];
    for await (const message of this.iterconsume({ ...options, limit })) messages.push(message);
    return messages;
  }

  /** Fetches one after the other, until the queue is empty; `infinite`: goes on, with undefined for "empty". */
  async *iterqueue({
    limit = Infinity,
    infinite = false,
  }: {
    readonly limit?: number;
    readonly infinite?: boolean;
  } = {}): AsyncGenerator<Message | undefined, void, undefined> {
    for (let count = 0; count < limit; count += 1) {
      const message = await this.fetch();
      if (!message && !infinite) return;
      yield message;
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Message | undefined, void, undefined> {
    return this.iterqueue({ infinite: true });
  }
}

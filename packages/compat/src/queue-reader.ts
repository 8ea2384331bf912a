import { Consumer, UnsupportedError, type Channel, type Connection, type Message, type Queue } from '@kombu/core';

/** Called with each message, in turn. */
export type CarrotCallback = (body: unknown, message: Message) => unknown;

export interface ReadOptions {
  /** End after so many messages. @default never */
  readonly limit?: number | undefined;
  /** Delivered means settled. @default what each queue says */
  readonly noAck?: boolean | undefined;
}

/** What `Consumer` and `ConsumerSet` have in common: queues, callbacks, and a channel that is opened with the first use. */
export class QueueReader implements AsyncDisposable {
  readonly queues: Queue[];
  readonly #callbacks: CarrotCallback[] = [];
  readonly #connection: Connection;
  readonly #given: Channel | undefined;
  #opened: Promise<Channel> | undefined;

  constructor(connection: Connection, queues: readonly Queue[], channel?: Channel) {
    this.queues = [...queues];
    this.#connection = connection;
    this.#given = channel;
  }

  registerCallback(callback: CarrotCallback): void {
    this.#callbacks.push(callback);
  }

  /** Hands a message to the callbacks. */
  async receive(message: Message): Promise<void> {
    if (this.#callbacks.length === 0) throw new UnsupportedError('The consumer has no callbacks: register one');
    for (const callback of this.#callbacks) await callback(message.payload, message);
  }

  /** Consumes, and gives each message when the callbacks are done with it. */
  async *iterconsume({ limit = Infinity, noAck }: ReadOptions = {}): AsyncGenerator<Message, void, undefined> {
    const consumer = new Consumer(await this.channel(), { queues: this.queues, noAck, prefetch: 1 });
    try {
      let count = 0;
      for await (const message of consumer) {
        await this.receive(message);
        yield message;
        count += 1;
        if (count >= limit) return;
      }
    } finally {
      await consumer.close({ timeout: 0 });
    }
  }

  /** Removes all ready messages; resolves to their number. */
  async discardAll(): Promise<number> {
    let count = 0;
    for (const queue of this.queues) {
      const place = await this.channel();
      await queue.declare(place);
      count += await queue.purge(place);
    }
    return count;
  }

  /** Closes the channel, unless it was given. */
  async close(): Promise<void> {
    const opened = await this.#opened;
    this.#opened = undefined;
    await opened?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The channel that is worked on. */
  protected async channel(): Promise<Channel> {
    if (this.#given) return this.#given;
    this.#opened ??= this.#connection.channel();
    return this.#opened;
  }
}

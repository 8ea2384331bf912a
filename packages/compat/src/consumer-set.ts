import type { Channel, Connection } from '@kombu/core';
import { entryToQueue, type QueueEntry } from './entry-to-queue.ts';
import { QueueReader } from './queue-reader.ts';

export interface ConsumerSetOptions {
  /** Queues by name, as carrot's settings describe them. */
  readonly fromDict?: Readonly<Record<string, QueueEntry>> | undefined;
  /** Consumers whose queues are read. */
  readonly consumers?: readonly QueueReader[] | undefined;
  /** Work on this channel, which stays open. @default a channel of its own */
  readonly channel?: Channel | undefined;
}

/** Consumes from several queues on one channel. As `carrot.messaging.ConsumerSet`. */
export class ConsumerSet extends QueueReader {
  constructor(connection: Connection, { fromDict = {}, consumers = [], channel }: ConsumerSetOptions = {}) {
    super(connection, [], channel);
    for (const consumer of consumers) this.addConsumer(consumer);
    for (const [name, entry] of Object.entries(fromDict)) this.addConsumerFromDict(name, entry);
  }

  addConsumerFromDict(queue: string, entry: QueueEntry = {}): void {
    this.queues.push(entryToQueue(queue, entry));
  }

  addConsumer(consumer: QueueReader): void {
    this.queues.push(...consumer.queues);
  }
}

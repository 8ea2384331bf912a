import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { connect } from 'amqplib';
import { brokerUrl } from '../broker.ts';
import type { Site } from '../client.ts';
import type { Backlog } from './backlog.ts';
import { queueNames } from './backlog.ts';

/** Confirmed before the next ones are sent. */
const batch = 1000;

/** A queue that a killed run leaves behind goes away by itself. */
const expires = 600_000;

/** Queues of RabbitMQ; messages are JSON. */
export class AmqpBacklog implements Backlog {
  readonly #queues: readonly string[];
  #connection: ChannelModel | undefined;
  #channel: ConfirmChannel | undefined;

  constructor(queues = 1) {
    this.#queues = queueNames(queues);
  }

  async open(): Promise<Site> {
    const url = await brokerUrl('amqp');
    this.#connection = await connect(url);
    this.#channel = await this.#connection.createConfirmChannel();
    for (const queue of this.#queues) await this.#channel.assertQueue(queue, { durable: true, expires });
    return { url, queues: this.#queues, keyPrefix: '' };
  }

  async fill(count: number, body: unknown): Promise<void> {
    const channel = this.#open();
    const content = Buffer.from(JSON.stringify(body));
    const [queue = ''] = this.#queues;
    for (let left = count; left > 0; left -= batch) {
      for (let index = Math.min(batch, left); index > 0; index -= 1) {
        channel.sendToQueue(queue, content, { contentType: 'application/json', contentEncoding: 'utf-8' });
      }
      await channel.waitForConfirms();
    }
  }

  async size(): Promise<number> {
    let size = 0;
    for (const queue of this.#queues) size += (await this.#open().checkQueue(queue)).messageCount;
    return size;
  }

  async clear(): Promise<void> {
    for (const queue of this.#queues) await this.#open().purgeQueue(queue);
  }

  async close(): Promise<void> {
    for (const queue of this.#queues) await this.#channel?.deleteQueue(queue);
    await this.#connection?.close();
  }

  #open(): ConfirmChannel {
    if (!this.#channel) throw new Error('The backlog is not open.');
    return this.#channel;
  }
}

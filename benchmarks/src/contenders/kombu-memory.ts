import type { Consumer, Producer } from '@kombu/core';
import { Connection, Queue } from '@kombu/core';
import { createMemoryTransport } from '@kombu/testing';
import type { Body } from '../bodies.ts';
import type { Contender } from '../contender.ts';

/** Messages in flight at a time. */
const window = 1000;

/** This library over its in-memory transport: the public API, every publish answered, every message acked by its handler. */
export class KombuMemory implements Contender {
  readonly name = '@kombu/core, memory';
  readonly #body: Body;
  readonly #queue = new Queue('bench');
  #connection: Connection | undefined;
  #producer: Producer | undefined;
  #consumer: Consumer | undefined;
  #left = 0;
  #done: () => void = () => {};

  constructor(body: Body) {
    this.#body = body;
  }

  async setup(): Promise<void> {
    this.#connection = new Connection('memory://bench', { transport: createMemoryTransport() });
    this.#producer = this.#connection.producer({ routingKey: this.#queue.name });
    this.#consumer = await this.#connection.consume(this.#queue, async (_body, message) => {
      await message.ack();
      this.#left -= 1;
      if (this.#left === 0) this.#done();
    });
  }

  async run(count: number): Promise<void> {
    for (let left = count; left > 0; left -= window) await this.#batch(Math.min(window, left));
  }

  async #batch(count: number): Promise<void> {
    const producer = this.#producer as Producer;
    this.#left = count;
    const handled = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    const publishes: Promise<unknown>[] = [];
    for (let index = 0; index < count; index += 1) publishes.push(producer.publish(this.#body.value));
    await Promise.all(publishes);
    await handled;
  }

  async teardown(): Promise<void> {
    await this.#consumer?.close();
    await this.#connection?.close();
  }
}

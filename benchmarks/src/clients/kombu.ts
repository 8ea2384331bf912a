import type { Consumer, Handler, Message, Producer } from '@kombu/core';
import { Connection, TransportNotInstalledError, UnknownTransportError } from '@kombu/core';
import type { Client, Settled, Handlers, Site, Stop } from '../client.ts';
import { AbsentError } from '../contender.ts';

/** This library, by its public API and with its defaults: every publish confirmed, every message acked by its handler. */
export class KombuClient implements Client {
  readonly name = '@kombu';
  #site: Site | undefined;
  #connection: Connection | undefined;
  #producer: Producer | undefined;

  async open(site: Site): Promise<void> {
    this.#site = site;
    this.#connection = new Connection(site.url, {
      transportOptions: site.keyPrefix ? { globalKeyprefix: site.keyPrefix } : {},
    });
    try {
      await this.#connection.connect();
    } catch (error) {
      const missing = error instanceof TransportNotInstalledError || error instanceof UnknownTransportError;
      throw missing ? new AbsentError(error.message) : error;
    }
    this.#producer = this.#connection.producer({ deliveryMode: 'transient' });
  }

  publish(body: unknown, queue: string, settled: Settled): void {
    this.#producer?.publish(body, { routingKey: queue }).then(() => settled(), settled);
  }

  async consume(prefetch: number, { handle, acked }: Handlers): Promise<Stop> {
    const consumer = await this.#subscribe(prefetch, async (body, message) => {
      handle(body);
      await message.ack();
      acked();
    });
    return async () => {
      await consumer.close();
    };
  }

  async hold(_count: number, received: () => void): Promise<void> {
    const held: Message[] = [];
    await this.#subscribe(0, (_body, message) => {
      held.push(message);
      received();
    });
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }

  async #subscribe(prefetch: number, handler: Handler): Promise<Consumer> {
    if (!this.#connection || !this.#site) throw new Error('The client is not open.');
    return this.#connection.consume(this.#site.queues, handler, { prefetch, autoDeclare: false });
  }
}

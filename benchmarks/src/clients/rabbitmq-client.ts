import type { AsyncMessage, Consumer, Publisher } from 'rabbitmq-client';
import { Connection } from 'rabbitmq-client';
import type { AmqpOptions, Client, Settled, Handlers, Site, Stop } from '../client.ts';

/** rabbitmq-client: a confirming publisher, and consumers that ack when the handler returns. */
export class RabbitmqClient implements Client {
  readonly name = 'rabbitmq-client';
  readonly #noDelay: boolean;
  #site: Site | undefined;
  #connection: Connection | undefined;
  #publisher: Publisher | undefined;

  constructor({ noDelay = false }: AmqpOptions = {}) {
    this.#noDelay = noDelay;
  }

  async open(site: Site): Promise<void> {
    this.#site = site;
    this.#connection = new Connection({ url: site.url, noDelay: this.#noDelay });
    await this.#connection.onConnect(10_000);
    this.#publisher = this.#connection.createPublisher({ confirm: true });
  }

  publish(body: unknown, queue: string, settled: Settled): void {
    this.#publisher?.send(queue, body).then(() => settled(), settled);
  }

  async consume(prefetch: number, { handle, acked }: Handlers): Promise<Stop> {
    const consumers = this.#subscribe(prefetch, ({ body }) => {
      handle(body);
      // It acks right after this function returns.
      queueMicrotask(acked);
    });
    return async () => {
      for (const consumer of consumers) await consumer.close();
    };
  }

  async hold(_count: number, received: () => void): Promise<void> {
    const held: AsyncMessage[] = [];
    this.#subscribe(0, (message) => {
      held.push(message);
      received();
      return new Promise<never>(() => {});
    });
  }

  async close(): Promise<void> {
    await this.#publisher?.close();
    await this.#connection?.close();
  }

  #subscribe(prefetchCount: number, handler: (message: AsyncMessage) => void | Promise<void>): Consumer[] {
    if (!this.#connection || !this.#site) throw new Error('The client is not open.');
    const connection = this.#connection;
    return this.#site.queues.map((queue) =>
      connection.createConsumer({ queue, queueOptions: { passive: true }, qos: { prefetchCount } }, handler),
    );
  }
}

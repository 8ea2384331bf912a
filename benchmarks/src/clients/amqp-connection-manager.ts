import type { AmqpConnectionManager, ChannelWrapper } from 'amqp-connection-manager';
import { connect } from 'amqp-connection-manager';
import type { ConsumeMessage } from 'amqplib';
import type { AmqpOptions, Client, Settled, Handlers, Site, Stop } from '../client.ts';

/** amqp-connection-manager: amqplib that reconnects. */
export class ConnectionManagerClient implements Client {
  readonly name = 'amqp-connection-manager';
  readonly #noDelay: boolean;
  #site: Site | undefined;
  #manager: AmqpConnectionManager | undefined;
  #publishing: ChannelWrapper | undefined;

  constructor({ noDelay = false }: AmqpOptions = {}) {
    this.#noDelay = noDelay;
  }

  async open(site: Site): Promise<void> {
    this.#site = site;
    this.#manager = connect([site.url], { connectionOptions: { noDelay: this.#noDelay } });
    this.#publishing = this.#manager.createChannel({ json: true });
    await this.#publishing.waitForConnect();
  }

  publish(body: unknown, queue: string, settled: Settled): void {
    this.#publishing?.sendToQueue(queue, body, { contentType: 'application/json' }).then(() => settled(), settled);
  }

  async consume(prefetch: number, { handle, acked }: Handlers): Promise<Stop> {
    return this.#subscribe(prefetch, (message, channel) => {
      handle(JSON.parse(message.content.toString()));
      channel.ack(message);
      acked();
    });
  }

  async hold(_count: number, received: () => void): Promise<void> {
    const held: ConsumeMessage[] = [];
    await this.#subscribe(0, (message) => {
      JSON.parse(message.content.toString());
      held.push(message);
      received();
    });
  }

  async close(): Promise<void> {
    await this.#manager?.close();
  }

  async #subscribe(
    prefetch: number,
    deliver: (message: ConsumeMessage, channel: ChannelWrapper) => void,
  ): Promise<Stop> {
    if (!this.#manager || !this.#site) throw new Error('The client is not open.');
    const channel = this.#manager.createChannel();
    await channel.waitForConnect();
    for (const queue of this.#site.queues) {
      await channel.consume(queue, (message) => deliver(message, channel), { prefetch });
    }
    return () => channel.close();
  }
}

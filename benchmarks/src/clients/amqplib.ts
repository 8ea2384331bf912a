import type { ChannelModel, ConfirmChannel, ConsumeMessage, Options } from 'amqplib';
import { connect } from 'amqplib';
import type { AmqpOptions, Client, Settled, Handlers, Site, Stop } from '../client.ts';

export interface AmqplibOptions extends AmqpOptions {
  readonly name?: string;
  /** Sent with each message. @default the content type */
  readonly properties?: Options.Publish;
}

/** The raw client: a confirm channel, and one ack on the wire for each message. */
export class AmqplibClient implements Client {
  readonly name: string;
  readonly #noDelay: boolean;
  readonly #properties: Options.Publish;
  #site: Site | undefined;
  #connection: ChannelModel | undefined;
  #publishing: ConfirmChannel | undefined;

  constructor({ name = 'amqplib', noDelay = false, properties = {} }: AmqplibOptions = {}) {
    this.name = name;
    this.#noDelay = noDelay;
    this.#properties = { contentType: 'application/json', ...properties };
  }

  async open(site: Site): Promise<void> {
    this.#site = site;
    this.#connection = await connect(site.url, { noDelay: this.#noDelay });
    this.#publishing = await this.#connection.createConfirmChannel();
  }

  publish(body: unknown, queue: string, settled: Settled): void {
    const content = Buffer.from(JSON.stringify(body));
    this.#publishing?.sendToQueue(queue, content, this.#properties, settled);
  }

  async consume(prefetch: number, { handle, acked }: Handlers): Promise<Stop> {
    return this.#subscribe(prefetch, (message, ack) => {
      handle(JSON.parse(message.content.toString()));
      ack(message);
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
    await this.#connection?.close();
  }

  async #subscribe(
    prefetch: number,
    deliver: (message: ConsumeMessage, ack: (message: ConsumeMessage) => void) => void,
  ): Promise<Stop> {
    if (!this.#connection || !this.#site) throw new Error('The client is not open.');
    const channel = await this.#connection.createChannel();
    const ack = (message: ConsumeMessage): void => channel.ack(message);
    await channel.prefetch(prefetch);
    for (const queue of this.#site.queues) await channel.consume(queue, (message) => message && deliver(message, ack));
    return () => channel.close();
  }
}

import {
  Exchange,
  Producer,
  type Connection,
  type ExchangeType,
  type ProducerOptions,
  type PublishOptions,
  type PublishResult,
} from '@kombu/core';

export interface PublisherOptions extends Omit<ProducerOptions, 'exchange'> {
  readonly exchange?: string | undefined;
  /** @default 'direct' */
  readonly exchangeType?: ExchangeType | undefined;
  /** Of the exchange. @default true */
  readonly durable?: boolean | undefined;
  /** Of the exchange. @default false */
  readonly autoDelete?: boolean | undefined;
}

/** Publishes to one exchange. As `carrot.messaging.Publisher`. */
export class Publisher implements AsyncDisposable {
  readonly exchange: Exchange;
  readonly #producer: Producer;

  constructor(connection: Connection, options: PublisherOptions = {}) {
    const { exchange = '', exchangeType = 'direct', durable = true, autoDelete = false, ...rest } = options;
    this.exchange = new Exchange(exchange, { type: exchangeType, durable, autoDelete });
    this.#producer = new Producer(connection, { ...rest, exchange: this.exchange });
  }

  /** Resolves when the broker has the message. */
  send(body: unknown, options: Omit<PublishOptions, 'exchange'> = {}): Promise<PublishResult> {
    return this.#producer.publish(body, options);
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

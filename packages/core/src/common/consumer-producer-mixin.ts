import type { Channel } from '../client/channel.ts';
import type { Connection } from '../client/connection.ts';
import { Producer } from '../client/producer.ts';
import { ConsumerMixin } from './consumer-mixin.ts';

/** A consumer that publishes too, on a connection of its own for that. As `kombu.mixins.ConsumerProducerMixin`. */
export abstract class ConsumerProducerMixin extends ConsumerMixin {
  #connection: Connection | undefined;
  #producer: Producer | undefined;

  /** On a copy of the connection, so that back-pressure of publishing does not hold up what is consumed. */
  get producerConnection(): Connection {
    this.#connection ??= this.connection.clone();
    return this.#connection;
  }

  get producer(): Producer {
    this.#producer ??= new Producer(this.producerConnection);
    return this.#producer;
  }

  override async onConsumeEnd(_connection: Connection, _channel: Channel): Promise<void> {
    const connection = this.#connection;
    this.#producer = undefined;
    this.#connection = undefined;
    await connection?.close();
  }
}

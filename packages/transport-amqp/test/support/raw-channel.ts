import type {
  ConsumeOptions,
  Delivery,
  Envelope,
  MessageProperties,
  PublishGuarantee,
  QueueDeclaration,
  QueueInfo,
  Route,
  TransportChannel,
  TransportConnection,
} from '@kombu/core/spi';
import { amqpTransport } from '../../src/index.ts';
import { contextOf, targetOf } from './broker.ts';

/** A channel below core, and what it was told. */
export class RawChannel implements AsyncDisposable {
  readonly connection: TransportConnection;
  readonly channel: TransportChannel;
  readonly deliveries: Delivery[];
  /** The tags of consumers that the broker cancelled. */
  readonly cancelled: string[];
  /** Why the channel ended, once it has. */
  readonly ends: (Error | undefined)[];

  static async open(url: string): Promise<RawChannel> {
    const connection = await amqpTransport.connect(targetOf(url), contextOf());
    const [deliveries, cancelled, ends]: [Delivery[], string[], (Error | undefined)[]] = [[], [], []];
    const channel = await connection.openChannel({
      delivery: (delivery) => deliveries.push(delivery),
      returned() {},
      cancelled: (consumerTag) => cancelled.push(consumerTag),
      flow() {},
      closed: (error) => ends.push(error),
    });
    return new RawChannel(connection, channel, { deliveries, cancelled, ends });
  }

  constructor(
    connection: TransportConnection,
    channel: TransportChannel,
    told: Pick<RawChannel, 'deliveries' | 'cancelled' | 'ends'>,
  ) {
    this.connection = connection;
    this.channel = channel;
    this.deliveries = told.deliveries;
    this.cancelled = told.cancelled;
    this.ends = told.ends;
  }

  get bodies(): string[] {
    return this.deliveries.map(({ envelope }) => envelope.body.toString());
  }

  declare(name: string, parts: Partial<QueueDeclaration> = {}): Promise<QueueInfo> {
    const plain = { durable: true, exclusive: false, autoDelete: false, arguments: {}, passive: false };
    return this.channel.declareQueue({ name, ...plain, ...parts });
  }

  async consume(queue: string, parts: Partial<ConsumeOptions> = {}): Promise<boolean> {
    const plain = { consumerTag: 'c', noAck: false, exclusive: false, prefetch: 0, arguments: {} };
    const result = await this.channel.consume({ queue, ...plain, ...parts });
    return result?.ephemeral === true;
  }

  publish(
    body: string | Buffer,
    route: Partial<Route> & Pick<Route, 'routingKey'>,
    properties: MessageProperties = {},
  ): Promise<PublishGuarantee> {
    return this.channel.publish(envelopeOf(body, properties), routeOf(route));
  }

  /** The bodies of all ready messages, in order. */
  async drain(queue: string): Promise<string[]> {
    const bodies: string[] = [];
    const next = (): ReturnType<TransportChannel['get']> => this.channel.get(queue, { noAck: true });
    for (let got = await next(); got; got = await next()) bodies.push(got.envelope.body.toString());
    return bodies;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.connection.close();
  }
}

export function envelopeOf(body: string | Buffer, properties: MessageProperties = {}): Envelope {
  return {
    body: Buffer.from(body as string),
    contentType: undefined,
    contentEncoding: undefined,
    headers: {},
    properties,
  };
}

export function routeOf(parts: Partial<Route> & Pick<Route, 'routingKey'>): Route {
  return { exchange: '', mandatory: false, confirm: true, ...parts };
}

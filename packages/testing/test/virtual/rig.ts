import type {
  BindingDeclaration,
  ChannelEvents,
  Clock,
  ConsumeOptions,
  Delivery,
  Envelope,
  ExchangeDeclaration,
  Headers,
  Logger,
  MessageProperties,
  QueueDeclaration,
  Route,
  Target,
  Transport,
  TransportChannel,
  TransportConnection,
} from '@kombu/core/spi';
import { ManualClock } from '../../src/manual-clock.ts';
import {
  createMemoryTransport,
  type MemoryTransport,
  type MemoryTransportOptions,
} from '../../src/memory/memory-transport.ts';

export const target = (hostname?: string): Target => {
  const bare = {
    scheme: 'memory',
    hostname,
    port: undefined,
    userid: undefined,
    password: undefined,
    virtualHost: undefined,
    query: {},
    ssl: undefined,
    options: {},
    heartbeat: undefined,
    url: `memory://${hostname ?? ''}`,
    display: `memory://${hostname ?? ''}`,
  };
  return { ...bare, alternates: [] };
};

/** A logger that remembers what it was told. */
export class RecordingLogger implements Logger {
  readonly lines: string[] = [];
  debug(message: string): void {
    this.lines.push(`debug ${message}`);
  }
  info(message: string): void {
    this.lines.push(`info ${message}`);
  }
  warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }
  error(message: string): void {
    this.lines.push(`error ${message}`);
  }
}

/** What a channel told its owner. */
export class Recorder implements ChannelEvents {
  readonly deliveries: Delivery[] = [];
  readonly cancelledTags: string[] = [];
  readonly ends: (Error | undefined)[] = [];
  onDelivery: (delivery: Delivery) => void = () => {};

  delivery(delivery: Delivery): void {
    this.deliveries.push(delivery);
    this.onDelivery(delivery);
  }
  returned(): void {
    throw new Error('a virtual channel rejects the publish instead');
  }
  cancelled(consumerTag: string): void {
    this.cancelledTags.push(consumerTag);
  }
  flow(): void {
    throw new Error('a virtual channel never blocks');
  }
  closed(error?: Error): void {
    this.ends.push(error);
  }

  get bodies(): string[] {
    return this.deliveries.map(textOf);
  }
}

export const textOf = (delivery: Delivery): string => delivery.envelope.body.toString();

export const envelope = (body = 'hello', properties: MessageProperties = {}, headers: Headers = {}): Envelope => ({
  body: Buffer.from(body),
  contentType: 'text/plain',
  contentEncoding: 'utf-8',
  headers,
  properties: { deliveryMode: 2, ...properties },
});

export const to = (exchange: string, routingKey: string, more: Partial<Route> = {}): Route => ({
  exchange,
  routingKey,
  mandatory: false,
  confirm: true,
  ...more,
});

export const toQueue = (queue: string, more: Partial<Route> = {}): Route => to('', queue, more);

export const exchange = (name: string, type: string, more: Partial<ExchangeDeclaration> = {}): ExchangeDeclaration => ({
  name,
  type,
  durable: true,
  autoDelete: false,
  arguments: {},
  passive: false,
  ...more,
});

export const queue = (name: string, more: Partial<QueueDeclaration> = {}): QueueDeclaration => ({
  name,
  durable: true,
  exclusive: false,
  autoDelete: false,
  arguments: {},
  passive: false,
  ...more,
});

export const binding = (
  source: string,
  destination: string,
  routingKey = '',
  more: Partial<BindingDeclaration> = {},
): BindingDeclaration => ({
  exchange: source,
  destination,
  destinationType: 'queue',
  routingKey,
  arguments: {},
  ...more,
});

export const consume = (queueName: string, more: Partial<ConsumeOptions> = {}): ConsumeOptions => ({
  queue: queueName,
  consumerTag: `${queueName}-consumer`,
  noAck: false,
  exclusive: false,
  prefetch: 0,
  arguments: {},
  ...more,
});

/** A channel with what it told. */
export interface Rigged {
  readonly channel: TransportChannel;
  readonly events: Recorder;
}

/** A transport on a clock, with everything at hand that the tests need. */
export class Rig<T extends Transport = Transport> {
  readonly clock: ManualClock;
  readonly logger: RecordingLogger = new RecordingLogger();
  readonly transport: T;

  constructor(transport: T, clock: ManualClock) {
    this.transport = transport;
    this.clock = clock;
  }

  static memory(options: MemoryTransportOptions = {}): Rig<MemoryTransport> {
    const clock = new ManualClock();
    return new Rig(createMemoryTransport({ clock, ...options }), clock);
  }

  connect(hostname?: string, clock: Clock = this.clock): Promise<TransportConnection> {
    const signal = new AbortController().signal;
    return this.transport.connect(target(hostname), {
      logger: this.logger,
      clock,
      random: () => 0.5,
      signal,
    });
  }

  async open(connection: TransportConnection): Promise<Rigged> {
    const events = new Recorder();
    return { channel: await connection.openChannel(events), events };
  }

  /** A connection with one channel. */
  async start(hostname?: string): Promise<Rigged & { readonly connection: TransportConnection }> {
    const connection = await this.connect(hostname);
    return { connection, ...(await this.open(connection)) };
  }

  /** Lets all that is under way happen, without moving time. */
  async settle(): Promise<void> {
    await this.clock.advance(0);
  }
}

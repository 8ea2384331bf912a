import type { Capabilities, Target, Transport, TransportConnection, TransportContext } from '@kombu/core/spi';
import { classify } from './classify.ts';
import { AmqpConnection } from './connection.ts';
import { dial } from './dial.ts';
import { maxDelayMs } from './delay-levels.ts';
import { readOptions } from './options.ts';
import { replyQueue } from './reply-lane.ts';
import { AmqpSocket } from './socket.ts';

const capabilities: Capabilities = {
  exchangeTypes: ['direct', 'topic', 'fanout', 'headers'],
  exchangeBindings: true,
  priority: true,
  delay: true,
  maxDelayMs,
  ttl: true,
  queueLimits: true,
  sharedBindings: true,
  acknowledge: 'broker',
  ordering: 'fifo',
  publisherConfirms: true,
  heartbeats: true,
  replyQueue,
};

async function connect(target: Target, { clock, logger, signal }: TransportContext): Promise<TransportConnection> {
  const options = readOptions(target);
  const open = async (until: AbortSignal): Promise<AmqpSocket> =>
    new AmqpSocket(await dial(target, options, until), clock);
  return new AmqpConnection(await open(signal), { options, clock, logger, dial: open });
}

/** RabbitMQ and other brokers of AMQP 0-9-1, over amqplib: `amqp://`, `amqps://` (TLS) and, as in Kombu, `pyamqp://`. */
export const amqpTransport: Transport = {
  name: 'amqp',
  schemes: ['amqp', 'amqps', 'pyamqp'],
  capabilities,
  defaultPort: 5672,
  connect,
  classify,
};

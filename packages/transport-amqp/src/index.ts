/**
 * RabbitMQ for `@kombu/core`: AMQP 0-9-1 over amqplib.
 *
 * @module
 */
export type { AmqpConnections } from './connection.ts';
export type { AmqpOptions } from './options.ts';
export { amqpTransport } from './transport.ts';
/** What the registry looks for when a URL names a scheme of this package. */
export { amqpTransport as transport } from './transport.ts';

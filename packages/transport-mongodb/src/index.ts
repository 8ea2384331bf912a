/**
 * Queues in MongoDB, shared with Kombu and Celery in Python.
 *
 * @module
 */
export type { MongoOptions, MongoTransportOptions } from './options.ts';
export { mongodbTransport, mongodbTransport as transport } from './transport.ts';

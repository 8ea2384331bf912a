/**
 * Queues in Redis, shared with Kombu and Celery in Python.
 *
 * @module
 */
export type { RedisClient } from './client.ts';
export type { RedisOptions, RedisTransportOptions } from './options.ts';
export { redisTransport, redisTransport as transport } from './transport.ts';

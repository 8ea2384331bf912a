/**
 * Queues in Apache ZooKeeper, shared with Kombu and Celery in Python.
 *
 * @module
 */
export type { ZooKeeperClient } from './client.ts';
export type { ZooKeeperTransportOptions } from './options.ts';
export { zookeeperTransport, zookeeperTransport as transport } from './transport.ts';

/**
 * Messaging in the shape of carrot, the forerunner of Kombu, as `kombu.compat`: for programs that were written for it.
 *
 * @module
 */
export { Consumer } from './consumer.ts';
export type { CarrotCallback, ConsumerOptions, FetchOptions } from './consumer.ts';
export { ConsumerSet } from './consumer-set.ts';
export type { ConsumerSetOptions } from './consumer-set.ts';
export { entryToQueue } from './entry-to-queue.ts';
export type { QueueEntry } from './entry-to-queue.ts';
export { Publisher } from './publisher.ts';
export type { PublisherOptions } from './publisher.ts';

/**
 * Queues in Amazon SQS, shared with Kombu and Celery in Python.
 *
 * @module
 */
export type { SqsCredentials, SqsOptions, SqsTransportOptions } from './options.ts';
export type { PredefinedQueue } from './predefined-queues.ts';
export { sqsTransport, sqsTransport as transport } from './transport.ts';

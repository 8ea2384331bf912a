/**
 * Queues in Azure Storage, shared with Kombu and Celery in Python.
 *
 * @module
 */
export type { QueueService, TokenCredential } from './client.ts';
export type { AzureStorageQueueOptions, AzureStorageQueueTransportOptions } from './options.ts';
export { azureStorageQueueTransport, azureStorageQueueTransport as transport } from './transport.ts';

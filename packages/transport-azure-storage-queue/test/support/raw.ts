import { QueueServiceClient, StorageSharedKeyCredential, type QueueClient } from '@azure/storage-queue';
import { accountOf, parseAccountUrl } from '../../src/account-url.ts';

/** A client that knows nothing of this library, as a peer has one. */
export function rawService(url: string): QueueServiceClient {
  const { endpoint, name } = accountOf(url);
  return new QueueServiceClient(endpoint, new StorageSharedKeyCredential(name, parseAccountUrl(url).password ?? ''));
}

export function rawQueue(url: string, name: string): QueueClient {
  return rawService(url).getQueueClient(name);
}

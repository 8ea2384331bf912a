import type { DequeuedMessageItem, QueueClient, QueueServiceClient } from '@azure/storage-queue';

/** The part of the client of an account that is called here, and what `connection.unwrap()` gives in full. */
export type QueueService = Pick<QueueServiceClient, 'getQueueClient'>;

/** The part of the client of a queue that is called here. */
export type ServiceQueue = Pick<
  QueueClient,
  | 'createIfNotExists'
  | 'deleteIfExists'
  | 'deleteMessage'
  | 'getProperties'
  | 'peekMessages'
  | 'receiveMessages'
  | 'sendMessage'
  | 'updateMessage'
>;

/** What a provider of tokens looks like: a credential of `@azure/identity`, or an object of your own. */
export interface TokenCredential {
  getToken(
    scopes: string | string[],
    options?: { readonly abortSignal?: unknown },
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}

/** The part of a received message that is read here. */
export type ReceivedMessage = Pick<DequeuedMessageItem, 'messageId' | 'popReceipt' | 'messageText' | 'dequeueCount'>;

/** The part of a queue's properties that is read here. */
export interface QueueProperties {
  readonly approximateMessagesCount?: number;
}

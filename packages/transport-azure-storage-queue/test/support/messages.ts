import type { OutgoingMessage, QueueDeclaration, StoredMessage } from '@kombu/core/spi';
import type { Claim } from '../../src/claim.ts';
import type { AzureStorageQueueStore } from '../../src/store.ts';
import { never } from './stores.ts';

/** A payload on its way into a store. */
export function outgoing(payload: string, parts: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { payload, priority: 0, delayMs: 0, expiresAt: undefined, properties: {}, ...parts };
}

export function declaration(name: string): QueueDeclaration {
  return { name, durable: true, exclusive: false, autoDelete: false, arguments: {}, passive: false };
}

/** Looks once. */
export function take(store: AzureStorageQueueStore, queue: string, max = 32): Promise<readonly StoredMessage<Claim>[]> {
  return store.get(queue, { max, waitMs: 0, noAck: false, signal: never });
}

export function receiptsOf(messages: readonly StoredMessage<Claim>[]): readonly Claim[] {
  return messages.map(({ receipt }) => receipt);
}

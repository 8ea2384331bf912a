import type { OutgoingMessage, QueueDeclaration } from '@kombu/core/spi';
import type { Received } from '../../src/receiver.ts';
import type { Receipt } from '../../src/receipt.ts';
import type { SqsStore } from '../../src/store.ts';
import { never } from '@kombu/test-kit';

/** A payload on its way into a store. */
export function outgoing(payload: string, parts: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { payload, priority: 0, delayMs: 0, expiresAt: undefined, properties: {}, ...parts };
}

export function declared(name: string): QueueDeclaration {
  return { name, durable: true, exclusive: false, autoDelete: false, arguments: {}, passive: false };
}

/** Looks once. */
export function take(store: SqsStore, queue: string, max = 100): Promise<Received> {
  return store.get(queue, { max, waitMs: 0, noAck: false, signal: never });
}

export function receiptsOf(messages: Received): readonly Receipt[] {
  return messages.map(({ receipt }) => receipt);
}

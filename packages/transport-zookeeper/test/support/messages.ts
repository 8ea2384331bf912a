import type { OutgoingMessage, StoredMessage } from '@kombu/core/spi';
import type { Claim } from '../../src/claims.ts';
import type { ZooKeeperStore } from '../../src/store.ts';
import { never } from '@kombu/test-kit';

/** A payload on its way into a store. */
export function outgoing(payload: string, parts: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { payload, priority: 0, delayMs: 0, expiresAt: undefined, properties: {}, ...parts };
}

/** A message of text as Kombu writes it, more or less. */
export function envelope(text: string, routingKey = 'q'): string {
  const delivery_info = { exchange: '', routing_key: routingKey };
  const properties = { delivery_info, priority: 0, body_encoding: 'base64', delivery_tag: text };
  const content = { 'content-type': 'text/plain', 'content-encoding': 'utf-8' };
  return JSON.stringify({ body: Buffer.from(text).toString('base64'), ...content, headers: {}, properties });
}

/** Looks once, for messages to be settled. */
export function take(store: ZooKeeperStore, queue: string, max = 100): Promise<readonly StoredMessage<Claim>[]> {
  return store.get(queue, { max, waitMs: 0, noAck: false, signal: never });
}

export function payloadsOf(messages: readonly StoredMessage<Claim>[]): readonly string[] {
  return messages.map(({ payload }) => payload);
}

export function receiptsOf(messages: readonly StoredMessage<Claim>[]): readonly Claim[] {
  return messages.map(({ receipt }) => receipt);
}

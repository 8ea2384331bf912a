import type { OutgoingMessage, StoredMessage } from '@kombu/core/spi';
import type { Claim } from '../../src/claims.ts';
import type { RedisStore } from '../../src/store.ts';
import { never } from '@kombu/test-kit';

/** A payload on its way into a store. */
export function outgoing(payload: string, parts: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { payload, priority: 0, delayMs: 0, expiresAt: undefined, properties: {}, ...parts };
}

/** A message of text as Kombu writes it, more or less. */
export function envelope(tag: string, parts: object = {}, exchange = '', routingKey = 'q'): string {
  const delivery_info = { exchange, routing_key: routingKey };
  const properties = { delivery_info, priority: 0, body_encoding: 'base64', delivery_tag: tag, ...parts };
  const content = { 'content-type': 'text/plain', 'content-encoding': 'utf-8' };
  return JSON.stringify({ body: Buffer.from(tag).toString('base64'), ...content, headers: {}, properties });
}

/** Looks once, for messages to be settled. */
export function take(store: RedisStore, queue: string, max = 100): Promise<readonly StoredMessage<Claim>[]> {
  return store.get(queue, { max, waitMs: 0, noAck: false, signal: never });
}

export function receiptsOf(messages: readonly (StoredMessage<Claim> | undefined)[]): readonly Claim[] {
  return messages.map((message) => message?.receipt ?? Number.NaN);
}

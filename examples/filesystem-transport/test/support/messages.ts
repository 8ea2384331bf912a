import type { BindingDeclaration, GetOptions, OutgoingMessage } from '@kombu/core/spi';
import type { Store } from './folders.ts';

export const look: GetOptions = { max: 10, waitMs: 0, noAck: false, signal: new AbortController().signal };

export function message(payload: string): OutgoingMessage {
  return { payload, priority: 0, delayMs: 0, expiresAt: undefined, properties: {} };
}

/** What is ready now, in order. */
export async function payloadsOf(store: Store, queue: string): Promise<readonly string[]> {
  return (await store.get(queue, look)).map(({ payload }) => payload);
}

export function binding(exchange: string, queue: string, routingKey: string): BindingDeclaration {
  return { exchange, destination: queue, destinationType: 'queue', routingKey, arguments: {} };
}

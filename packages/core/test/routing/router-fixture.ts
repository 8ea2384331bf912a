import { Router } from '../../src/routing/router.ts';
import type { BindingDeclaration } from '../../src/spi/declarations.ts';

/** No headers. */
export const none = {};

export function toQueue(exchange: string, queue: string, key = '', args = {}): BindingDeclaration {
  return { exchange, destination: queue, destinationType: 'queue', routingKey: key, arguments: args };
}

export function toExchange(exchange: string, destination: string, key = ''): BindingDeclaration {
  return { exchange, destination, destinationType: 'exchange', routingKey: key, arguments: {} };
}

export function router(exchanges: Readonly<Record<string, string>>, ...bindings: BindingDeclaration[]): Router {
  const made = new Router();
  for (const [name, type] of Object.entries(exchanges)) made.addExchange(name, type);
  for (const one of bindings) made.bind(one);
  return made;
}

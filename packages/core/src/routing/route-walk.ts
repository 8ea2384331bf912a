import type { Headers } from '../spi/envelope.ts';
import type { ExchangeNode } from './exchange-node.ts';

/** What a walk found. */
export interface Walk {
  /** The names of the queues, each once. */
  readonly queues: string[];
  /** The headers had a say: the same routing key may lead elsewhere the next time. */
  readonly byHeaders: boolean;
}

/**
 * Follows a message from `start` along the bindings between exchanges. An exchange is passed once, so cycles end. An alternate
 * exchange steps in where an exchange finds no binding at all, be it to a queue or to another exchange, as in RabbitMQ.
 */
export function walkRoute(
  exchanges: ReadonlyMap<string, ExchangeNode>,
  start: ExchangeNode,
  routingKey: string,
  headers: Headers,
): Walk {
  const queues: string[] = [];
  // A loop over a set also visits what is added on the way: the work list and the guard against cycles in one.
  const reached = new Set([start]);
  let byHeaders = false;
  const reach = (name: string): void => {
    const exchange = exchanges.get(name);
    if (exchange) reached.add(exchange);
  };
  for (const { table, alternateExchange } of reached) {
    byHeaders ||= table.type === 'headers';
    const found = table.match(routingKey, headers);
    for (const { destination, destinationType } of found) {
      if (destinationType === 'queue') queues.push(destination);
      else reach(destination);
    }
    if (found.length === 0 && alternateExchange !== undefined) reach(alternateExchange);
  }
  // One exchange names a queue once by itself.
  return { queues: reached.size > 1 ? [...new Set(queues)] : queues, byHeaders };
}

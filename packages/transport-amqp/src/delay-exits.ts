import { createHash } from 'node:crypto';
import type { Arguments, Route } from '@kombu/core/spi';
import { deliveryExchange, entryExchange, holdArguments } from './delay-levels.ts';
import type { DelayBinding } from './delay-levels.ts';
import type { AmqpOptions } from './options.ts';

const dayMs = 86_400_000;

/** How long an exit stays without being asked for again, by the delays that it serves: a day more than the longest. */
const lives = [1, 30, 3200].map((days) => ({ upTo: days * dayMs, expires: (days + 1) * dayMs }));

/** The way out of the delay for one exchange and routing key. */
export interface DelayExit {
  /** The word that leads there, at the end of the key of a delayed message. */
  readonly word: string;
  readonly queue: string;
  readonly arguments: Arguments;
  readonly binding: DelayBinding;
}

/**
 * Kombu lets a delayed message arrive at its exchange with the bits of the delay before the routing key, so that only topic
 * exchanges work, and only for queues that were bound a second time. Ours passes through a queue that holds nothing and
 * dead-letters at once: to the exchange that was meant, of whatever type, with the routing key that was meant. Peers need no
 * binding for it, those in Python neither.
 */
export function delayExit({ exchange, routingKey }: Route, delayMs: number, naming: AmqpOptions): DelayExit {
  const life = lives.find(({ upTo }) => delayMs <= upTo) ?? { expires: dayMs };
  const identity = JSON.stringify([exchange, routingKey, life.expires]);
  const word = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  const queue = `${entryExchange(naming).replace(/\d+$/, '')}exit_${word}`;
  return {
    word,
    queue,
    arguments: {
      ...holdArguments(naming, 0, exchange),
      'x-dead-letter-routing-key': routingKey,
      'x-expires': life.expires,
    },
    binding: { source: deliveryExchange(naming), destination: queue, pattern: `#.${word}` },
  };
}

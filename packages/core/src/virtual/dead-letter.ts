import type { Envelope, Headers } from '../spi/envelope.ts';
import { deliveryCountHeader } from './wire-names.ts';

/** Why a message left its queue without being acked. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/** One way in which a message died, in RabbitMQ's words; the list of them is the header `x-death`, the latest first. */
export interface Death {
  readonly queue: string;
  readonly reason: DeathReason;
  /** How often it died in this queue for this reason. */
  readonly count: number;
  /** Where it had been published. */
  readonly exchange: string;
  readonly 'routing-keys': readonly string[];
  /** When it first died there. */
  readonly time: Date;
  /** The TTL it had; it is removed, lest the message expire again at once. In milliseconds, as text. */
  readonly 'original-expiration'?: string;
}

/** A message about to leave its queue. */
export interface Dying {
  readonly envelope: Envelope;
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
}

/** The envelope as the dead-letter exchange gets it. */
export function deadEnvelope(dying: Dying, reason: DeathReason, now: number): Envelope {
  const { envelope, queue, exchange, routingKey } = dying;
  const { [deliveryCountHeader]: _count, redelivered: _redelivered, ...headers } = envelope.headers;
  const { expiration, ...properties } = envelope.properties;
  const earlier = deathsOf(headers);
  const same = earlier.find((death) => death['queue'] === queue && death['reason'] === reason);
  const death = same
    ? { ...same, count: countOf(same) + 1 }
    : {
        queue,
        reason,
        count: 1,
        exchange,
        'routing-keys': [routingKey],
        time: new Date(now),
        ...(expiration === undefined ? {} : { 'original-expiration': String(expiration) }),
      };
  return {
    ...envelope,
    properties,
    headers: {
      'x-first-death-queue': queue,
      'x-first-death-reason': reason,
      'x-first-death-exchange': exchange,
      ...headers,
      'x-last-death-queue': queue,
      'x-last-death-reason': reason,
      'x-last-death-exchange': exchange,
      'x-death': [death, ...earlier.filter((other) => other !== same)],
    },
  };
}

/**
 * Would the message go round for ever? As in RabbitMQ: it comes back to a queue where it already died, and nobody rejected it
 * on the way, so that nothing but time and limits drives it. `dead` is what {@link deadEnvelope} made.
 */
export function isEndlessCycle(dead: Envelope, reason: DeathReason, queue: string): boolean {
  if (reason === 'rejected') return false;
  const deaths = deathsOf(dead.headers);
  const last = deaths.findIndex((death) => death['queue'] === queue);
  return last !== -1 && deaths.slice(0, last + 1).every((death) => death['reason'] !== 'rejected');
}

/** What a stranger wrote into the header counts only as far as it looks like deaths. */
function deathsOf(headers: Headers): readonly Readonly<Record<string, unknown>>[] {
  const deaths = headers['x-death'];
  if (!Array.isArray(deaths)) return [];
  return deaths.filter((death): death is Record<string, unknown> => typeof death === 'object' && death !== null);
}

function countOf(death: Readonly<Record<string, unknown>>): number {
  return Number.isSafeInteger(death['count']) ? (death['count'] as number) : 1;
}

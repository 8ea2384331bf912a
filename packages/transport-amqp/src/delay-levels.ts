import type { Arguments } from '@kombu/core/spi';
import type { AmqpOptions } from './options.ts';

/** One bit of the delay each; the highest holds a message for 2 ** 27 seconds. */
const levels = 28;

/** Some 8 and a half years. */
export const maxDelayMs: number = (2 ** levels - 1) * 1000;

type Naming = Pick<AmqpOptions, 'delayedPrefix' | 'delayedQueueType'>;

/** A queue or an exchange, and what it is bound to: the exchange `source`, by `pattern`. */
export interface DelayBinding {
  readonly source: string;
  readonly destination: string;
  readonly pattern: string;
}

/** A level's exchange and queue, which have one name. */
export interface DelayLevel {
  readonly name: string;
  readonly arguments: Arguments;
  /** Messages whose bit is set wait in the queue. */
  readonly wait: DelayBinding;
  /** The others go on to the next exchange. */
  readonly pass: DelayBinding;
}

/**
 * The layout of Kombu's native delayed delivery: a message visits the levels from the highest bit of its delay to the lowest,
 * waits where its bit is 1, and comes out in the delivery exchange. Byte for byte what Kombu declares.
 */
export function delayLevels(naming: Naming): readonly DelayLevel[] {
  return Array.from({ length: levels }, (_, index) => {
    const level = levels - 1 - index;
    const name = levelName(naming, level);
    const next = level > 0 ? levelName(naming, level - 1) : deliveryExchange(naming);
    const skipped = '*.'.repeat(index);
    return {
      name,
      arguments: holdArguments(naming, 2 ** level * 1000, next),
      wait: { source: name, destination: name, pattern: `${skipped}1.#` },
      pass: { source: name, destination: next, pattern: `${skipped}0.#` },
    };
  });
}

/** Where delayed messages come out. */
export function deliveryExchange({ delayedPrefix }: Naming): string {
  return withPrefix(delayedPrefix, 'celery_delayed_delivery');
}

/** Where delayed messages go in. */
export function entryExchange(naming: Naming): string {
  return levelName(naming, levels - 1);
}

/** Arguments of a queue that holds messages for so long and passes them on to an exchange. */
export function holdArguments({ delayedQueueType }: Naming, ttl: number, exchange: string): Record<string, unknown> {
  return {
    'x-queue-type': delayedQueueType,
    'x-overflow': 'reject-publish',
    'x-message-ttl': ttl,
    'x-dead-letter-exchange': exchange,
    ...(delayedQueueType === 'quorum' ? { 'x-dead-letter-strategy': 'at-least-once' } : {}),
  };
}

/** The delay in whole seconds, rounded up, as words of its bits, the highest first; behind them what the way out needs. */
export function delayKey(delayMs: number, suffix: string): string {
  const bits = Math.ceil(delayMs / 1000)
    .toString(2)
    .padStart(levels, '0');
  return `${bits.split('').join('.')}.${suffix}`;
}

function levelName({ delayedPrefix }: Naming, level: number): string {
  return withPrefix(delayedPrefix, `celery_delayed_${level}`);
}

function withPrefix(prefix: string | undefined, name: string): string {
  return prefix === undefined ? name : `${prefix}_${name}`;
}

/** For messages whose `x-death` tells of an earlier delay: RabbitMQ would take the next one for a loop and drop them. */
export function withoutDelayDeaths(
  headers: Readonly<Record<string, unknown>>,
  naming: Naming,
): Record<string, unknown> {
  const deaths = headers['x-death'];
  if (!Array.isArray(deaths)) return headers;
  const prefix = withPrefix(naming.delayedPrefix, 'celery_delayed_');
  const others = deaths.filter((death: unknown) => {
    const { queue } = (death ?? {}) as { readonly queue?: unknown };
    return typeof queue !== 'string' || !queue.startsWith(prefix);
  });
  return { ...headers, 'x-death': others };
}

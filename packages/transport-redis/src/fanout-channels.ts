import { InvalidArgumentError } from '@kombu/core/spi';
import type { RedisOptions } from './options.ts';

/**
 * Reads `fanoutPrefix`: true is `/{db}.`, false none, and another one begins with a slash and ends with a dot, as in Kombu.
 *
 * @throws InvalidArgumentError for anything else.
 */
export function readFanoutPrefix(value: unknown): string {
  if (value === true || value === 'true') return usual;
  if (value === false || value === 'false') return '';
  if (typeof value === 'string' && /^\/.*\.$/s.test(value)) return value;
  throw new InvalidArgumentError(
    `fanoutPrefix must be true, false, or a text such as "${usual}" that begins with "/" and ends with "."`,
  );
}

const usual = '/{db}.';

/** What the channels of PUB/SUB are called on which Kombu broadcasts the messages of fanout exchanges. */
export class FanoutChannels {
  /** A second one for Python processes before Kombu 5.4, which behind sentinels did not fill in the database. */
  readonly #prefixes: readonly string[];
  readonly #hasKeys: boolean;

  constructor(options: RedisOptions, database: number, isSentinel: boolean) {
    const { globalKeyprefix, fanoutPrefix, fanoutPatterns, sentinelFanoutCompat } = options;
    const filled = fanoutPrefix.replaceAll('{db}', String(database));
    const prefixes = isSentinel && sentinelFanoutCompat ? new Set([filled, fanoutPrefix]) : [filled];
    this.#prefixes = [...prefixes].map((prefix) => globalKeyprefix + prefix);
    this.#hasKeys = fanoutPatterns;
  }

  /** Where a message is broadcast. */
  publishTo(exchange: string, routingKey: string): readonly string[] {
    const name = this.#hasKeys && routingKey !== '' ? `${exchange}/${routingKey}` : exchange;
    return this.#prefixes.map((prefix) => prefix + name);
  }

  /** Patterns for all channels of an exchange: whatever its routing key, a message concerns each of its queues. */
  patternsOf(exchange: string): readonly string[] {
    return this.#prefixes.flatMap((prefix) => {
      const channel = literally(prefix + exchange);
      return this.#hasKeys ? [channel, `${channel}/*`] : [channel];
    });
  }
}

/** Characters that mean something in a pattern are made to mean themselves. */
function literally(text: string): string {
  return text.replaceAll(/[\\*?[\]]/g, (char) => `\\${char}`);
}

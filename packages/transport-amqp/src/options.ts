import type { Target } from '@kombu/core/spi';
import { checkKeys, InvalidArgumentError, readChoice, readInteger, readText } from '@kombu/core/spi';

const loginMethods = ['PLAIN', 'AMQPLAIN', 'EXTERNAL'] as const;
const queueTypes = ['quorum', 'classic'] as const;

/** Options of RabbitMQ connections, in the URL's query or in `transportOptions`. */
export interface AmqpOptions {
  /**
   * How to log in: with user name and password (`PLAIN`, or `AMQPLAIN` where the broker knows nothing else), or with the
   * certificate of the TLS connection (`EXTERNAL`). Kombu's `login_method`. Default `PLAIN`.
   */
  readonly loginMethod: (typeof loginMethods)[number];
  /** What the broker calls the connection in its lists and logs. Default: none. */
  readonly connectionName: string | undefined;
  /** The largest frame, in bytes; the broker may lower it. Default 131 072, as in Kombu. */
  readonly frameMax: number;
  /** The most channels per socket; the broker may lower it. Default: as many as the broker allows. */
  readonly channelMax: number;
  /**
   * The type of the queues that hold delayed messages. Every peer on the virtual host must say the same. Celery's
   * `broker_native_delayed_delivery_queue_type`. Default `quorum`.
   */
  readonly delayedQueueType: (typeof queueTypes)[number];
  /** Put before the names of the exchanges and queues of delayed messages, with `_` between. Default: none. */
  readonly delayedPrefix: string | undefined;
}

const names = ['loginMethod', 'connectionName', 'frameMax', 'channelMax', 'delayedQueueType', 'delayedPrefix'] as const;

/** @throws InvalidArgumentError for an unknown option or a value of the wrong kind. */
export function readOptions({ options, query }: Pick<Target, 'options' | 'query'>): AmqpOptions {
  // As Kombu's URLs have it.
  const { login_method: loginMethod, ...rest } = query;
  const given: Readonly<Record<string, unknown>> = { ...options, ...(loginMethod && { loginMethod }), ...rest };
  checkKeys(given, names, 'option of the amqp transport');
  return {
    loginMethod: readChoice(given['loginMethod'] ?? 'PLAIN', 'loginMethod', loginMethods),
    connectionName: readName(given['connectionName'], 'connectionName'),
    frameMax: readInteger(given['frameMax'] ?? 131_072, 'frameMax', { min: 4096, max: 2 ** 31 - 1 }),
    channelMax: readInteger(given['channelMax'] ?? 0, 'channelMax', { min: 0, max: 65_535 }),
    delayedQueueType: readChoice(given['delayedQueueType'] ?? 'quorum', 'delayedQueueType', queueTypes),
    delayedPrefix: readName(given['delayedPrefix'], 'delayedPrefix'),
  };
}

function readName(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  const text = readText(value, name);
  // It becomes part of names, which have 255.
  if (Buffer.byteLength(text) <= 200) return text;
  throw new InvalidArgumentError(`${name} may have 200 bytes at most`);
}

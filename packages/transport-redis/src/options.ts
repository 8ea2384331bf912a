import type { Target } from '@kombu/core/spi';
import { InvalidArgumentError, checkKeys, readBoolean, readChoice, readInteger, readText } from '@kombu/core/spi';
import { readFanoutPrefix } from './fanout-channels.ts';
import { readPrioritySteps } from './priority-steps.ts';
import { readSentinelKwargs, type SentinelLogin } from './servers/sentinel-login.ts';

/**
 * Options of the URL's query or of `transportOptions`. Those that Kombu has too keep its names, in camelCase; in a URL Kombu's
 * own spelling is understood as well. Durations are whole milliseconds, where Kombu counts seconds.
 */
export interface RedisOptions {
  /** Stands between the name of a queue and a priority step. Default the two characters U+0006 and U+0016, as in Kombu. */
  readonly sep: string;
  /** Stands before each key and channel. Default none. */
  readonly globalKeyprefix: string;
  /** The priorities that have lists of their own: all who share queues need the same. Default `[0, 3, 6, 9]`, as in Kombu. */
  readonly prioritySteps: readonly number[];
  /** Which messages come first: those of the highest number (`amqp`, the default) or, as in Kombu, of the lowest. */
  readonly priorityOrder: 'amqp' | 'kombu';
  /** False: a message counts as settled when it is delivered, as with Kombu's option of this name. Default true. */
  readonly ackEmulation: boolean;
  /** The hash of the messages that are delivered and not acked. Default `unacked`. */
  readonly unackedKey: string;
  /** The sorted set that says since when. Default `unacked_index`. */
  readonly unackedIndexKey: string;
  /**
   * When a message that a Python process took, and did not ack, counts as lost. Has to be the same in all processes, Python's
   * included. Default 3 600 000.
   */
  readonly visibilityTimeout: number;
  /**
   * How long a message may stay with a process of this library that no longer says it is at work. Default 60 000, or
   * `visibilityTimeout` when that is shorter.
   */
  readonly leaseMs: number;
  /** How often messages whose time is over are looked for. Default a half of `leaseMs`, at most 5000. */
  readonly unackedRestoreInterval: number;
  /** How many of them are put back at once. Default 100. */
  readonly unackedRestoreLimit: number;
  /** `durable`: each queue of a fanout exchange gets a copy and keeps it; `ephemeral`: as in Kombu, only who listens hears. */
  readonly fanout: 'durable' | 'ephemeral';
  /** What a channel of PUB/SUB begins with; `{db}` is the number of the database. Default `/{db}.`; false: nothing. */
  readonly fanoutPrefix: string;
  /** Channels have the routing key in their names. Default true. */
  readonly fanoutPatterns: boolean;
  /** Speaks to Python processes behind sentinels with a Kombu before 5.4 too. Default false. */
  readonly sentinelFanoutCompat: boolean;
  /** How a consumer learns of a message: see the README. Default `auto`: `tracking`, or `blocking` where that is refused. */
  readonly wakeup: 'auto' | 'tracking' | 'blocking' | 'polling';
  /** The longest sleep between two looks at a queue, with `blocking` and `polling`. Default 1000. */
  readonly pollingInterval: number;
  /** How long one connection may take to be made, with all that is said before it can be used. Default 10 000. */
  readonly socketConnectTimeout: number;
  /** How long the answer to a PING may take before the link counts as dead. Default 10 000. */
  readonly socketTimeout: number;
  /** TCP keep-alive. Default true. */
  readonly socketKeepalive: boolean;
  /** The time between two PINGs, on each socket; 0: none. Default the connection's `heartbeat`, or 25 000. */
  readonly healthCheckInterval: number;
  /** What the server calls the connections, in CLIENT LIST. Default none. */
  readonly clientName: string | undefined;
  /** What the sentinels call the master; needed with `sentinel://`. */
  readonly masterName: string | undefined;
  /** How many other sentinels one has to know to be believed. Default 0. */
  readonly minOtherSentinels: number;
  /** `{ username, password }` for the sentinels themselves, when they want other ones than the master, or any. */
  readonly sentinelKwargs: SentinelLogin;
}

/** What `transportOptions` of a connection may hold. */
export type RedisTransportOptions = Partial<Omit<RedisOptions, 'fanoutPrefix'>> & {
  readonly fanoutPrefix?: string | boolean;
} & { readonly [Name in keyof typeof meaningless]?: unknown };

/** Options of Kombu that have nothing to act upon here. They are taken, so that a configuration can be shared, and warned of. */
export const meaningless = {
  unackedMutexKey: 'messages are restored without a lock, by scripts',
  unackedMutexExpire: 'messages are restored without a lock, by scripts',
  unackedRestoreThrottle: 'each unackedRestoreInterval is used',
  socketKeepaliveOptions: 'Node cannot set them',
  queueOrderStrategy: 'each queue is read for itself, as soon as it has a message',
  maxConnections: 'a link has two connections, in a cluster two for each master',
  retryOnTimeout: 'what to retry is decided above the transport',
  reauthCheckInterval: 'a password function is asked for each connection',
} as const;

const names: readonly (keyof RedisOptions)[] = [
  'sep',
  'globalKeyprefix',
  'prioritySteps',
  'priorityOrder',
  'ackEmulation',
  'unackedKey',
  'unackedIndexKey',
  'visibilityTimeout',
  'leaseMs',
  'unackedRestoreInterval',
  'unackedRestoreLimit',
  'fanout',
  'fanoutPrefix',
  'fanoutPatterns',
  'sentinelFanoutCompat',
  'wakeup',
  'pollingInterval',
  'socketConnectTimeout',
  'socketTimeout',
  'socketKeepalive',
  'healthCheckInterval',
  'clientName',
  'masterName',
  'minOtherSentinels',
  'sentinelKwargs',
];

/** The options that a target names, before they are checked; those of the query win. */
export function givenOptions({ options, query }: Target): Readonly<Record<string, unknown>> {
  // The database of a unix socket has no other place in a URL.
  const entries = Object.entries(query).filter(([name]) => !databaseNames.has(name));
  return { ...options, ...Object.fromEntries(entries.map(([name, value]) => [camelCase(name), value])) };
}

/** @throws InvalidArgumentError for an unknown option or a value of the wrong kind. */
export function readOptions(target: Target): RedisOptions {
  const given = givenOptions(target);
  checkKeys(given, [...names, ...Object.keys(meaningless)], 'option of the redis transport');
  const read = <T>(name: keyof RedisOptions, reader: (value: unknown, name: string) => T, usual: T): T =>
    given[name] === undefined || given[name] === null ? usual : reader(given[name], name);
  const visibilityTimeout = read('visibilityTimeout', positive, 3_600_000);
  const leaseMs = read('leaseMs', positive, Math.min(60_000, visibilityTimeout));
  if (leaseMs > visibilityTimeout) {
    throw new InvalidArgumentError(
      `leaseMs is ${leaseMs} and visibilityTimeout ${visibilityTimeout}: a lease cannot outlast the time after which others restore the message`,
    );
  }
  return {
    sep: read('sep', readText, '\u0006\u0016'),
    globalKeyprefix: read('globalKeyprefix', readAnyText, ''),
    prioritySteps: read('prioritySteps', readPrioritySteps, [0, 3, 6, 9]),
    priorityOrder: read('priorityOrder', (value, name) => readChoice(value, name, ['amqp', 'kombu']), 'amqp'),
    ackEmulation: read('ackEmulation', readBoolean, true),
    unackedKey: read('unackedKey', readText, 'unacked'),
    unackedIndexKey: read('unackedIndexKey', readText, 'unacked_index'),
    visibilityTimeout,
    leaseMs,
    unackedRestoreInterval: read('unackedRestoreInterval', positive, Math.max(1, Math.min(5000, leaseMs >> 1))),
    unackedRestoreLimit: read(
      'unackedRestoreLimit',
      (value, name) => readInteger(value, name, { min: 1, max: 1000 }),
      100,
    ),
    fanout: read('fanout', (value, name) => readChoice(value, name, ['durable', 'ephemeral']), 'durable'),
    fanoutPrefix: read('fanoutPrefix', readFanoutPrefix, '/{db}.'),
    fanoutPatterns: read('fanoutPatterns', readBoolean, true),
    sentinelFanoutCompat: read('sentinelFanoutCompat', readBoolean, false),
    wakeup: read('wakeup', (value, name) => readChoice(value, name, wakeups), 'auto'),
    pollingInterval: read('pollingInterval', positive, 1000),
    socketConnectTimeout: read('socketConnectTimeout', positive, 10_000),
    socketTimeout: read('socketTimeout', positive, 10_000),
    socketKeepalive: read('socketKeepalive', readBoolean, true),
    healthCheckInterval: read('healthCheckInterval', natural, target.heartbeat || 25_000),
    clientName: read<string | undefined>('clientName', readText, undefined),
    masterName: read<string | undefined>('masterName', readText, undefined),
    minOtherSentinels: read('minOtherSentinels', natural, 0),
    sentinelKwargs: read('sentinelKwargs', readSentinelKwargs, {}),
  };
}

const wakeups = ['auto', 'tracking', 'blocking', 'polling'] as const;

/** How the query of a URL may call the database. */
const databaseNames: ReadonlySet<string> = new Set(['virtual_host', 'virtualHost', 'db']);

/**
 * The number of the database: the virtual host, or for a unix socket, whose URL has its path there, a parameter of the query.
 *
 * @throws InvalidArgumentError when it is no number.
 */
export function readDatabase({ virtualHost, query }: Target, isSocket: boolean): number {
  const fromQuery = Object.entries(query).find(([name]) => databaseNames.has(name))?.[1];
  if (!isSocket && fromQuery !== undefined) {
    throw new InvalidArgumentError(
      `The database stands behind the host in a URL, as in redis://localhost/${fromQuery}`,
    );
  }
  const text = (isSocket ? fromQuery : virtualHost) ?? '0';
  return readInteger(text.replace(/^\//, '') || '0', 'The virtual host of a Redis URL, its database,', { min: 0 });
}

function positive(value: unknown, name: string): number {
  return readInteger(value, name, { min: 1 });
}

function natural(value: unknown, name: string): number {
  return readInteger(value, name, { min: 0 });
}

function readAnyText(value: unknown, name: string): string {
  return value === '' ? '' : readText(value, name);
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

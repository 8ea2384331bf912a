import type { Target } from '@kombu/core/spi';
import { checkKeys, readBoolean, readChoice, readInteger, readText } from '@kombu/core/spi';

/**
 * Options of the URL's query or of `transportOptions`. Those that Kombu has too keep its names, in camelCase; in a URL Kombu's
 * own spelling is understood as well. Durations are whole milliseconds. Whatever else the query holds, such as `replicaSet` or
 * `authSource`, is for the driver.
 */
export interface MongoOptions {
  /** Default `kombu_default`, unless the URL names a database. */
  readonly defaultDatabase: string;
  /** Default `messages`, as in Kombu. */
  readonly messagesCollection: string;
  /** Default `messages.routing`, as in Kombu. */
  readonly routingCollection: string;
  /** Default `messages.broadcast`, as in Kombu. */
  readonly broadcastCollection: string;
  /** Default `messages.queues`, as in Kombu. */
  readonly queuesCollection: string;
  /**
   * The server removes what expires by itself: messages with a TTL, queues and bindings with `expires`. All who share queues need
   * the same. Default false, as in Kombu; messages expire when they are read then.
   */
  readonly ttl: boolean;
  /** The size of the broadcast collection when it is made here, in bytes. Default 100 000, as in Kombu. */
  readonly cappedQueueSize: number;
  /** How long a message may stay with a process that no longer says it is at work. Default 60 000. */
  readonly leaseMs: number;
  /** `auto`: a change stream tells of messages where the server has them. Default `auto`. */
  readonly wakeup: 'auto' | 'polling';
  /** The longest sleep between two looks at an empty queue. Default 1000. */
  readonly pollingInterval: number;
  /** How long a connection may take to be made. Default 10 000. */
  readonly connectTimeout: number;
  /** How long the server may take to answer before the link counts as dead. Default 10 000. */
  readonly socketTimeout: number;
  /** The time between two checks of each server. Default the connection's `heartbeat`, or 10 000; no less than 500. */
  readonly healthCheckInterval: number;
}

/** What `transportOptions` of a connection may hold. */
export type MongoTransportOptions = Partial<MongoOptions> & { readonly [Name in keyof typeof meaningless]?: unknown };

/** Options of Kombu that have nothing to act upon here. They are taken, so that a configuration can be shared, and warned of. */
export const meaningless = {
  calcQueueSize: 'the size of a queue is counted when it is asked for',
  defaultHostname: 'the host stands in the URL',
  defaultPort: 'the port stands in the URL',
} as const;

const names: readonly (keyof MongoOptions)[] = [
  'defaultDatabase',
  'messagesCollection',
  'routingCollection',
  'broadcastCollection',
  'queuesCollection',
  'ttl',
  'cappedQueueSize',
  'leaseMs',
  'wakeup',
  'pollingInterval',
  'connectTimeout',
  'socketTimeout',
  'healthCheckInterval',
];

const ours: ReadonlySet<string> = new Set([...names, ...Object.keys(meaningless)]);

/** The options that a target names, before they are checked; those of the query win. */
export function givenOptions({ options, query }: Target): Readonly<Record<string, unknown>> {
  const entries = Object.entries(query).map(([name, value]) => [camelCase(name), value] as const);
  return { ...options, ...Object.fromEntries(entries.filter(([name]) => ours.has(name))) };
}

/** The parameters of the query that are the driver's. */
export function driverQuery({ query }: Target): readonly (readonly [name: string, value: string])[] {
  return Object.entries(query).filter(([name]) => !ours.has(camelCase(name)));
}

/** @throws InvalidArgumentError for an unknown option or a value of the wrong kind. */
export function readOptions(target: Target): MongoOptions {
  const given = givenOptions(target);
  checkKeys(given, [...ours], 'option of the mongodb transport');
  const read = <T>(name: keyof MongoOptions, reader: (value: unknown, name: string) => T, usual: T): T =>
    given[name] === undefined || given[name] === null ? usual : reader(given[name], name);
  return {
    defaultDatabase: read('defaultDatabase', readText, 'kombu_default'),
    messagesCollection: read('messagesCollection', readText, 'messages'),
    routingCollection: read('routingCollection', readText, 'messages.routing'),
    broadcastCollection: read('broadcastCollection', readText, 'messages.broadcast'),
    queuesCollection: read('queuesCollection', readText, 'messages.queues'),
    ttl: read('ttl', readBoolean, false),
    cappedQueueSize: read('cappedQueueSize', positive, 100_000),
    leaseMs: read('leaseMs', positive, 60_000),
    wakeup: read('wakeup', (value, name) => readChoice(value, name, ['auto', 'polling']), 'auto'),
    pollingInterval: read('pollingInterval', positive, 1000),
    connectTimeout: read('connectTimeout', positive, 10_000),
    socketTimeout: read('socketTimeout', positive, 10_000),
    healthCheckInterval: read('healthCheckInterval', positive, Math.max(500, target.heartbeat || 10_000)),
  };
}

function positive(value: unknown, name: string): number {
  return readInteger(value, name, { min: 1 });
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

import type { Target } from '@kombu/core/spi';
import { InvalidArgumentError, checkKeys, readBoolean, readChoice, readInteger, readText } from '@kombu/core/spi';
import type { TokenCredential } from './client.ts';

/**
 * Options of the URL's query or of `transportOptions`; in a URL they may be spelled as in Python, `queue_name_prefix`.
 * Durations are whole milliseconds.
 */
export interface AzureStorageQueueOptions {
  /** Stands before the name of each queue. Default none. */
  readonly queueNamePrefix: string;
  /**
   * How long a message that was taken stays hidden unless its holder renews that, from one second to seven days; the service
   * counts in whole seconds. Default 60 000.
   */
  readonly leaseMs: number;
  /** The longest sleep between two looks at an empty queue. Default 1000. */
  readonly pollingInterval: number;
  /** How long a request may take before the link counts as dead. Default 10 000. */
  readonly requestTimeout: number;
  /**
   * How many requests of one batch are under way at a time: the service takes and settles messages one by one. With 1,
   * messages that are published together are stored in their order. Default 16.
   */
  readonly concurrency: number;
  /** Makes the queues that are declared. False: they are there, and nobody needs the permission to create them. Default true. */
  readonly createQueues: boolean;
  /** How messages are written: as text, as Kombu reads it, or as `base64`, as Azure Functions do. Both are read. Default `text`. */
  readonly messageEncoding: 'text' | 'base64';
  /** Where tokens come from, such as a credential of `@azure/identity`. Goes before the secret in the URL. Default none. */
  readonly credential: TokenCredential | undefined;
}

/** What `transportOptions` of a connection may hold. */
export type AzureStorageQueueTransportOptions = Partial<AzureStorageQueueOptions>;

const names: readonly (keyof AzureStorageQueueOptions)[] = [
  'queueNamePrefix',
  'leaseMs',
  'pollingInterval',
  'requestTimeout',
  'concurrency',
  'createQueues',
  'messageEncoding',
  'credential',
];

const week = 7 * 24 * 3_600_000;

/** @throws InvalidArgumentError for an unknown option or a value of the wrong kind. */
export function readOptions({ options, query }: Target): AzureStorageQueueOptions {
  const fromQuery = Object.entries(query).map(([name, value]) => [camelCase(name), value] as const);
  const given: Readonly<Record<string, unknown>> = { ...options, ...Object.fromEntries(fromQuery) };
  checkKeys(given, names, 'option of the azure-storage-queue transport');
  const read = <T>(name: keyof AzureStorageQueueOptions, reader: (value: unknown, name: string) => T, usual: T): T =>
    given[name] === undefined || given[name] === null ? usual : reader(given[name], name);
  const integer = (name: keyof AzureStorageQueueOptions, usual: number, min: number, max: number): number =>
    read(name, (value) => readInteger(value, name, { min, max }), usual);
  return {
    queueNamePrefix: read('queueNamePrefix', (value, name) => (value === '' ? '' : readText(value, name)), ''),
    leaseMs: Math.ceil(integer('leaseMs', 60_000, 1000, week) / 1000) * 1000,
    pollingInterval: integer('pollingInterval', 1000, 1, week),
    requestTimeout: integer('requestTimeout', 10_000, 1, 30_000),
    concurrency: integer('concurrency', 16, 1, 1000),
    createQueues: read('createQueues', readBoolean, true),
    messageEncoding: read('messageEncoding', (value, name) => readChoice(value, name, ['text', 'base64']), 'text'),
    credential: read<TokenCredential | undefined>('credential', readCredential, undefined),
  };
}

function readCredential(value: unknown, name: string): TokenCredential {
  if (typeof (value as Partial<TokenCredential>).getToken === 'function') return value as TokenCredential;
  throw new InvalidArgumentError(
    `${name} must have a method getToken, as the credentials of @azure/identity; a key or SAS goes into the URL or the option password`,
  );
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

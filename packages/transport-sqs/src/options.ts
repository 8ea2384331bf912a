import type { SQSClientConfig } from '@aws-sdk/client-sqs';
import type { Target } from '@kombu/core/spi';
import { InvalidArgumentError, checkKeys, readBoolean, readInteger, readText } from '@kombu/core/spi';
import { longestLeaseMs, longestWaitSeconds, maxMessageBytes } from './limits.ts';
import { readObject, readPredefinedQueues, type PredefinedQueue } from './predefined-queues.ts';

/** Keys, or a function that gets them; it is asked again when they expire. As the AWS SDK takes them. */
export type SqsCredentials = NonNullable<SQSClientConfig['credentials']>;

/**
 * Options of the URL's query or of `transportOptions`. Those that Kombu has too keep its names, in camelCase; in a URL Kombu's
 * own spelling is understood as well. Durations are whole milliseconds, where Kombu counts seconds, but for `waitTimeSeconds`.
 */
export interface SqsOptions {
  /** Default: as the AWS SDK finds it (`AWS_REGION`, profile); with a host in the URL `us-east-1`. */
  readonly region: string | undefined;
  /** The URL of a service that is not AWS's own, or of a VPC endpoint. Default: from the host of the connection's URL. */
  readonly endpoint: string | undefined;
  /** HTTPS for the host of the connection's URL. Default: only when it is AWS's, or with `ssl`. */
  readonly isSecure: boolean | undefined;
  /** Go before user and password of the URL. Default: as the AWS SDK finds them (environment, profile, role). */
  readonly credentials: SqsCredentials | undefined;
  /** Belongs to temporary keys in the URL. */
  readonly sessionToken: string | undefined;
  /** Stands before each name of a queue. Default none. */
  readonly queueNamePrefix: string;
  /** Queues that exist, by name: with this option no other queue is known, and none is looked for, made or deleted. */
  readonly predefinedQueues: ReadonlyMap<string, PredefinedQueue> | undefined;
  /** False: declaring a queue that does not exist is an error. Default true. */
  readonly createQueues: boolean;
  /** How long a message that a Python process took stays hidden, for queues that are made here. Default 1 800 000. */
  readonly visibilityTimeout: number;
  /** How long a message may stay with a process of this library that does not renew it; in whole seconds. Default 60 000. */
  readonly leaseMs: number;
  /** How long SQS waits for a message before it answers that there is none. Default 20, the most that SQS takes. */
  readonly waitTimeSeconds: number;
  /** The longest sleep between two looks at an empty queue, with `waitTimeSeconds` 0. Default 1000. */
  readonly pollingInterval: number;
  /** False: envelopes are written as plain JSON. Both are read. Default true, as in Kombu. */
  readonly sqsBase64Encoding: boolean;
  /** The largest message, and the most that goes in one call. Default 1 048 576. */
  readonly maxMessageBytes: number;
  /** Attributes of queues that are made here, as SQS calls them. Default none. */
  readonly sqsCreationAttributes: Readonly<Record<string, string>>;
  /** Tags of queues that are made here. Default none. */
  readonly queueTags: Readonly<Record<string, string>>;
  /** Where SQS moves messages of queues that are made here, after so many deliveries. Default nowhere. */
  readonly deadLetter: { readonly queue: string; readonly maxReceiveCount: number } | undefined;
  /** How long a socket may take to connect. Default 10 000. */
  readonly connectTimeout: number;
  /** How long an answer may take, beside `waitTimeSeconds`, before the link counts as dead. Default 20 000. */
  readonly readTimeout: number;
}

/** What `transportOptions` of a connection may hold. */
export type SqsTransportOptions = Partial<Omit<SqsOptions, 'predefinedQueues'>> & {
  readonly predefinedQueues?: Readonly<Record<string, PredefinedQueue>>;
} & { readonly [Name in keyof typeof meaningless]?: unknown };

/** Options of Kombu that have nothing to act upon here. They are taken, so that a configuration can be shared, and warned of. */
export const meaningless = {
  supportsFanout: 'each queue of a fanout exchange gets a copy of its own, without SNS',
  predefinedExchanges: 'each queue of a fanout exchange gets a copy of its own, without SNS',
  fetchMessageAttributes: 'the attributes of SQS messages are not read',
  clientConfig: 'use connectTimeout, readTimeout and ssl',
  stsRoleArn: 'pass a provider of the AWS SDK as credentials',
  stsTokenTimeout: 'pass a provider of the AWS SDK as credentials',
  stsTokenBufferTime: 'pass a provider of the AWS SDK as credentials',
} as const;

/** The options that a target names, before they are checked; those of the query win. */
export function givenOptions({ options, query }: Target): Readonly<Record<string, unknown>> {
  const entries = [...Object.entries(options), ...Object.entries(query)];
  return Object.fromEntries(entries.map(([name, value]) => [camelCase(name), value]));
}

const readers: { readonly [Name in keyof SqsOptions]: (value: unknown, name: string) => SqsOptions[Name] } = {
  region: readText,
  endpoint: readEndpoint,
  isSecure: readBoolean,
  credentials: readCredentials,
  sessionToken: readText,
  queueNamePrefix: (value, name) => (value === '' ? '' : readText(value, name)),
  predefinedQueues: readPredefinedQueues,
  createQueues: readBoolean,
  visibilityTimeout: (value, name) => readInteger(value, name, { min: 0, max: longestLeaseMs }),
  leaseMs: (value, name) => readWholeSeconds(value, name),
  waitTimeSeconds: (value, name) => readInteger(value, name, { min: 0, max: longestWaitSeconds }),
  pollingInterval: (value, name) => readInteger(value, name, { min: 1 }),
  sqsBase64Encoding: readBoolean,
  maxMessageBytes: (value, name) => readInteger(value, name, { min: 1024, max: maxMessageBytes }),
  sqsCreationAttributes: readTexts,
  queueTags: readTexts,
  deadLetter: readDeadLetter,
  connectTimeout: (value, name) => readInteger(value, name, { min: 1 }),
  readTimeout: (value, name) => readInteger(value, name, { min: 1 }),
};

const usual: SqsOptions = {
  region: undefined,
  endpoint: undefined,
  isSecure: undefined,
  credentials: undefined,
  sessionToken: undefined,
  queueNamePrefix: '',
  predefinedQueues: undefined,
  createQueues: true,
  visibilityTimeout: 1_800_000,
  leaseMs: 60_000,
  waitTimeSeconds: longestWaitSeconds,
  pollingInterval: 1000,
  sqsBase64Encoding: true,
  maxMessageBytes,
  sqsCreationAttributes: {},
  queueTags: {},
  deadLetter: undefined,
  connectTimeout: 10_000,
  readTimeout: 20_000,
};

/** @throws InvalidArgumentError for an unknown option or a value of the wrong kind. */
export function readOptions(target: Target): SqsOptions {
  const given = givenOptions(target);
  checkKeys(given, [...Object.keys(readers), ...Object.keys(meaningless)], 'option of the sqs transport');
  const read = Object.entries(readers).flatMap(([name, reader]) => {
    const value = given[name];
    return value === undefined || value === null ? [] : [[name, reader(value, name)] as const];
  });
  return { ...usual, ...Object.fromEntries(read) };
}

function readWholeSeconds(value: unknown, name: string): number {
  const ms = readInteger(value, name, { min: 1000, max: longestLeaseMs });
  if (ms % 1000 === 0) return ms;
  throw new InvalidArgumentError(`${name} is ${ms}: SQS knows whole seconds only, so it must be a multiple of 1000`);
}

function readEndpoint(value: unknown, name: string): string {
  const text = readText(value, name);
  if (/^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : '')) return text;
  throw new InvalidArgumentError(`${name} must be a URL with http: or https:`);
}

function readCredentials(value: unknown, name: string): SqsCredentials {
  if (typeof value === 'function') return value as SqsCredentials;
  const keys = readObject(value, name);
  readText(keys['accessKeyId'], `${name}.accessKeyId`);
  // Not by a reader that quotes what it refuses.
  if (typeof keys['secretAccessKey'] === 'string') return value as SqsCredentials;
  throw new InvalidArgumentError(`${name} must be a function, or an object with accessKeyId and secretAccessKey`);
}

function readTexts(value: unknown, name: string): Readonly<Record<string, string>> {
  const entries = Object.entries(readObject(value, name));
  return Object.fromEntries(entries.map(([key, text]) => [key, readText(text, `${name}.${key}`)]));
}

function readDeadLetter(value: unknown, name: string): NonNullable<SqsOptions['deadLetter']> {
  const given = readObject(value, name);
  checkKeys(given, ['queue', 'maxReceiveCount'], `setting of ${name}`);
  return {
    queue: readText(given['queue'], `${name}.queue`),
    maxReceiveCount: readInteger(given['maxReceiveCount'], `${name}.maxReceiveCount`, { min: 1, max: 1000 }),
  };
}

function camelCase(name: string): string {
  return name.replaceAll(/[_-]([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

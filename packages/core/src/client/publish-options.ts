import { checkKeys } from '../registry/options.ts';
import type { RetryPolicy } from '../reliability/retry.ts';
import type { Headers, PublishGuarantee, ReturnedMessage } from '../spi/envelope.ts';
import { checkCount } from './check-count.ts';
import type { DeliveryMode } from './delivery-mode.ts';
import type { Exchange } from './exchange.ts';
import type { Queue } from './queue.ts';

/** What can be said about each publish, and once for all on the producer. */
export interface PublishDefaults<T = unknown> {
  /** An exchange, or its name. @default the default exchange */
  readonly exchange?: Exchange<T> | string | undefined;
  /** @default '' */
  readonly routingKey?: string | undefined;
  /** Name of a registered serializer. @default json; strings travel as text and Buffers as raw data */
  readonly serializer?: string | undefined;
  /** Name of a registered compressor, such as `gzip`. */
  readonly compression?: string | undefined;
  readonly headers?: Headers | undefined;
  /** 0 to 9, higher first. */
  readonly priority?: number | undefined;
  /** Time to live in milliseconds. */
  readonly expiration?: number | undefined;
  readonly deliveryMode?: DeliveryMode | undefined;
  /** Reject with UnroutableError when no queue is bound for the routing key. @default false */
  readonly mandatory?: boolean | undefined;
  /** false: resolve once the message is handed to the socket, with the guarantee `sent`. @default true */
  readonly confirm?: boolean | undefined;
  /**
   * Publish again when the link breaks. The message keeps its `messageId`, so that consumers can tell a second copy.
   * @default false: a publish whose outcome is unknown rejects with PublishUncertainError
   */
  readonly retry?: boolean | undefined;
  readonly retryPolicy?: RetryPolicy | undefined;
  /** Milliseconds for everything: connecting, declaring, waiting for room in the window and for the broker. @default 30000 */
  readonly timeout?: number | undefined;
  readonly appId?: string | undefined;
  readonly userId?: string | undefined;
  readonly type?: string | undefined;
  readonly replyTo?: string | Queue | undefined;
}

export interface PublishOptions<T = unknown> extends PublishDefaults<T> {
  /** Exchanges and queues that have to exist; each is declared once per connection. */
  readonly declare?: readonly (Exchange | Queue)[] | undefined;
  /** The body is encoded already: with this content type it travels as it is. */
  readonly contentType?: string | undefined;
  /** @default utf-8 for strings, binary for Buffers */
  readonly contentEncoding?: string | undefined;
  /** Deliver after so many milliseconds, where the transport can. */
  readonly delay?: number | undefined;
  readonly correlationId?: string | undefined;
  /** @default a new UUID */
  readonly messageId?: string | undefined;
  /** Seconds since 1970 by the convention of AMQP; travels as it is. */
  readonly timestamp?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Further properties, for transports that have them. */
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** A resolved publish. */
export interface PublishResult {
  readonly messageId: string;
  readonly guarantee: PublishGuarantee;
}

export interface ProducerOptions<T = unknown> extends PublishDefaults<T> {
  /** Declare the producer's own exchange on first use. @default true */
  readonly autoDeclare?: boolean | undefined;
  /** At most so many publishes in flight; further ones wait. @default 10000 */
  readonly maxInFlight?: number | undefined;
  /** At most so many bytes of bodies in flight; further publishes wait. @default 67108864 (64 MiB) */
  readonly maxInFlightBytes?: number | undefined;
  /** Called for each message that the broker returned as unroutable. */
  readonly onReturn?: ((message: ReturnedMessage) => void) | undefined;
}

const defaultKeys = [
  'exchange',
  'routingKey',
  'serializer',
  'compression',
  'headers',
  'priority',
  'expiration',
  'deliveryMode',
  'mandatory',
  'confirm',
  'retry',
  'retryPolicy',
  'timeout',
  'appId',
  'userId',
  'type',
  'replyTo',
];
const producerKeys = [...defaultKeys, 'autoDeclare', 'maxInFlight', 'maxInFlightBytes', 'onReturn'];
const publishKeys = [
  ...defaultKeys,
  'declare',
  'contentType',
  'contentEncoding',
  'delay',
  'correlationId',
  'messageId',
  'timestamp',
  'signal',
  'properties',
];
const isPublishKey: ReadonlySet<string> = new Set(publishKeys);

/** Throws InvalidArgumentError for what can never work. */
export function checkProducerOptions(options: ProducerOptions): void {
  checkKeys(options, producerKeys, 'option of a producer');
  const { maxInFlight, maxInFlightBytes } = options;
  if (maxInFlight !== undefined) checkCount('maxInFlight', maxInFlight, 1);
  if (maxInFlightBytes !== undefined) checkCount('maxInFlightBytes', maxInFlightBytes, 1);
}

/** Throws InvalidArgumentError for unknown options. */
export function checkPublishOptions(options: PublishOptions): void {
  for (const key in options) if (!isPublishKey.has(key)) checkKeys(options, publishKeys, 'option of publish()');
}

import { InvalidArgumentError } from '../errors.ts';
import { checkKeys } from '../registry/options.ts';
import type { Arguments } from '../spi/declarations.ts';
import { checkCount } from './check-count.ts';
import type { Exchange } from './exchange.ts';
import type { Message } from './message.ts';
import { Queue } from './queue.ts';

/** What a handler returns is awaited: it runs until its promise is settled. */
export type Handler<T = unknown> = (body: T, message: Message<T>) => unknown;

/** A queue, or the name of one with default properties; or several. */
export type Queues<T = unknown> = Queue<T> | string | readonly (Queue<T> | string)[];

/** What becomes of a message whose handler fails, with `ack: 'auto'`. */
export interface ConsumerRetryPolicy {
  /** How often a message is delivered at most. @default 5 */
  readonly attempts?: number;
  /** The wait before the second delivery in milliseconds. @default 1000 */
  readonly intervalStart?: number;
  /** What each further wait is longer, in milliseconds. @default 5000 */
  readonly intervalStep?: number;
  /** The longest wait in milliseconds. @default 60000 */
  readonly intervalMax?: number;
}

export interface ConsumerOptions<T = unknown> {
  readonly queues?: Queues<T> | undefined;
  /** Called with each message. */
  readonly handler?: Handler<T> | undefined;
  /** Further handlers, called one after the other. */
  readonly callbacks?: readonly Handler<T>[] | undefined;
  /** Called instead of the handlers, without decoding. */
  readonly onMessage?: ((message: Message<T>) => unknown) | undefined;
  /** Content types or serializer names that may be decoded. @default every enabled one */
  readonly accept?: Iterable<string> | undefined;
  /** Delivered means settled: nothing is redelivered. @default what each queue says */
  readonly noAck?: boolean | undefined;
  /** Unsettled messages that each queue may have here; 0: no limit. @default 100 */
  readonly prefetch?: number | undefined;
  /** Handlers that run at a time. 1 keeps the order of the queue. @default `prefetch` */
  readonly concurrency?: number | undefined;
  /** `manual`: the handler settles. `auto`: acked when the handler is done, retried when it fails. @default 'manual' */
  readonly ack?: 'manual' | 'auto' | undefined;
  /** For `ack: 'auto'`. */
  readonly retry?: ConsumerRetryPolicy | undefined;
  /** Where failed (`auto`) and undecodable messages go: a queue, its name, or an exchange. */
  readonly deadLetter?: Queue | Exchange | string | undefined;
  /** Called with each error of a handler; the message is requeued or dead-lettered in any case. */
  readonly onError?: ((error: Error, message: Message<T> | undefined) => unknown) | undefined;
  /** Called instead of `onUndecodable`; it has to settle the message. */
  readonly onDecodeError?: ((message: Message<T>, error: Error) => unknown) | undefined;
  /**
   * What becomes of a message that cannot be decoded. `reject`: to the dead-letter exchange of its queue, or gone, with an
   * error in the log. `deadLetter`: to the `deadLetter` of this consumer. `raw`: the handler gets the body as a Buffer.
   * @default 'deadLetter' with `deadLetter`, else 'reject'
   */
  readonly onUndecodable?: 'reject' | 'deadLetter' | 'raw' | undefined;
  /** The beginning of the consumer tags. @default 'kombu-' */
  readonly tagPrefix?: string | undefined;
  /** Declare the queues before consuming. @default true */
  readonly autoDeclare?: boolean | undefined;
  /** Share the queues with nobody. @default false */
  readonly exclusive?: boolean | undefined;
  readonly consumerArguments?: Arguments | undefined;
}

const optionKeys = [
  'queues',
  'handler',
  'callbacks',
  'onMessage',
  'accept',
  'noAck',
  'prefetch',
  'concurrency',
  'ack',
  'retry',
  'deadLetter',
  'onError',
  'onDecodeError',
  'onUndecodable',
  'tagPrefix',
  'autoDeclare',
  'exclusive',
  'consumerArguments',
];

/** Throws InvalidArgumentError for what can never work. */
export function checkConsumerOptions(options: ConsumerOptions): void {
  checkKeys(options, optionKeys, 'option of a consumer');
  const { prefetch, concurrency, ack, onUndecodable, deadLetter, retry } = options;
  if (prefetch !== undefined) checkCount('prefetch', prefetch, 0);
  if (concurrency !== undefined) checkCount('concurrency', concurrency, 1);
  if (retry?.attempts !== undefined) checkCount('retry.attempts', retry.attempts, 1);
  if (ack !== undefined && ack !== 'manual' && ack !== 'auto') {
    throw new InvalidArgumentError(`ack must be 'manual' or 'auto', not ${String(ack)}`);
  }
  if (onUndecodable === 'deadLetter' && deadLetter === undefined) {
    throw new InvalidArgumentError(
      "onUndecodable: 'deadLetter' needs the option deadLetter: a queue or an exchange to put them",
    );
  }
}

/** A list of queues from what the caller wrote. */
export function queueList<T>(queues: Queues<T> | undefined): Queue<T>[] {
  if (queues === undefined) return [];
  const list = typeof queues === 'string' || queues instanceof Queue ? [queues] : queues;
  return list.map((each) => (typeof each === 'string' ? new Queue<T>(each) : each));
}

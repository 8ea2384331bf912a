import { InvalidArgumentError } from '../errors.ts';
import { checkKeys } from '../registry/options.ts';
import type { LamportClock } from './lamport-clock.ts';
import type { MatcherRegistry } from './matchers.ts';

export interface MailboxOptions {
  /** The type of the exchange for commands; Celery uses `fanout`. Either way each command reaches all nodes. @default 'direct' */
  readonly type?: 'direct' | 'fanout' | undefined;
  /** Shared by what orders its events with those of the mailbox. @default a new one */
  readonly clock?: LamportClock | undefined;
  /** Content types or serializer names that may be decoded. @default ['json'] */
  readonly accept?: readonly string[] | undefined;
  /** Name of a registered serializer. @default 'json' */
  readonly serializer?: string | undefined;
  /** Commands that a node does not take within so many milliseconds expire. */
  readonly queueTtl?: number | undefined;
  /** The queue of a node goes when unused for so many milliseconds. */
  readonly queueExpires?: number | undefined;
  /** The queue of a node survives the node. @default false */
  readonly queueDurable?: boolean | undefined;
  /** A second node of the same name is refused. @default true */
  readonly queueExclusive?: boolean | undefined;
  /** Replies that are not read within so many milliseconds expire. */
  readonly replyQueueTtl?: number | undefined;
  /** The queue for replies goes when unused for so many milliseconds. @default 10000 */
  readonly replyQueueExpires?: number | undefined;
  /** @default the default registry */
  readonly matchers?: MatcherRegistry | undefined;
}

const optionKeys = [
  'type',
  'clock',
  'accept',
  'serializer',
  'queueTtl',
  'queueExpires',
  'queueDurable',
  'queueExclusive',
  'replyQueueTtl',
  'replyQueueExpires',
  'matchers',
];

/** Throws InvalidArgumentError for what can never work. */
export function checkMailboxOptions(options: MailboxOptions): void {
  checkKeys(options, optionKeys, 'option of a mailbox');
  if (options.queueDurable && (options.queueExclusive ?? true)) {
    throw new InvalidArgumentError(
      'The queue of a node cannot be durable and exclusive: with queueDurable say queueExclusive: false',
    );
  }
}

import { inspect } from 'node:util';
import { InvalidArgumentError, UnsupportedError } from '../errors.ts';
import type { Capabilities } from '../spi/capabilities.ts';
import type { Arguments } from '../spi/declarations.ts';

/** What the arguments of a queue ask of us; durations in milliseconds. All as RabbitMQ defines it. */
export interface QueuePolicy {
  /** How long a message may wait in the queue. */
  readonly messageTtl: number | undefined;
  /** How long the queue may be without use before it goes. */
  readonly expires: number | undefined;
  /** How many ready messages it may hold. */
  readonly maxLength: number | undefined;
  /** What happens beyond `maxLength`: the oldest goes, or the new one is refused (`NACKED`). */
  readonly overflow: 'drop-head' | 'reject-publish';
  /** Higher priorities count as this one. */
  readonly maxPriority: number | undefined;
  /** How often a message may be given back before it counts as undeliverable. */
  readonly deliveryLimit: number | undefined;
  readonly deadLetterExchange: string | undefined;
  /** Undefined: the routing key that the message has. */
  readonly deadLetterRoutingKey: string | undefined;
}

/** Arguments that mean something which no store can be made to do from here: refused rather than ignored. */
const refused: Readonly<Record<string, (value: unknown) => boolean>> = {
  'x-max-length-bytes': () => true,
  'x-single-active-consumer': (value) => value === true,
  'x-queue-type': (value) => value === 'stream',
};

/**
 * Reads the arguments of a queue. Those it does not know are left to the store; those about how RabbitMQ keeps a queue
 * (`x-queue-type`, `x-queue-mode` and the like) change nothing that a client sees.
 *
 * @throws InvalidArgumentError for a value that cannot be.
 * @throws UnsupportedError for what this transport cannot do.
 */
export function readQueuePolicy(queue: string, args: Arguments, capabilities: Capabilities): QueuePolicy {
  const name = JSON.stringify(queue);
  for (const [key, isRefused] of Object.entries(refused)) {
    if (args[key] !== undefined && args[key] !== null && isRefused(args[key])) {
      throw new UnsupportedError(`The queue ${name} cannot have the argument ${key} on this transport: remove it`);
    }
  }
  const policy: QueuePolicy = {
    messageTtl: integerOf(name, args, 'x-message-ttl', 0),
    expires: integerOf(name, args, 'x-expires', 1),
    maxLength: integerOf(name, args, 'x-max-length', 0),
    overflow: overflowOf(name, args['x-overflow']),
    maxPriority: integerOf(name, args, 'x-max-priority', 1, 255),
    deliveryLimit: integerOf(name, args, 'x-delivery-limit', 0),
    deadLetterExchange: textOf(name, args, 'x-dead-letter-exchange'),
    deadLetterRoutingKey: textOf(name, args, 'x-dead-letter-routing-key'),
  };
  if (policy.maxPriority !== undefined && !capabilities.priority) {
    throw new UnsupportedError(`The queue ${name} has x-max-priority, but this transport has no priorities: remove it`);
  }
  if (policy.deadLetterRoutingKey !== undefined && policy.deadLetterExchange === undefined) {
    throw new InvalidArgumentError(`The queue ${name} has x-dead-letter-routing-key without x-dead-letter-exchange`);
  }
  return policy;
}

function integerOf(name: string, args: Arguments, key: string, least: number, most = Number.MAX_SAFE_INTEGER) {
  const value = args[key];
  if (value === undefined || value === null) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw new InvalidArgumentError(
    `The argument ${key} of the queue ${name} has to be an integer from ${least} on, not ${inspect(value)}`,
  );
}

function textOf(name: string, args: Arguments, key: string): string | undefined {
  const value = args[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new InvalidArgumentError(`The argument ${key} of the queue ${name} has to be text, not ${inspect(value)}`);
}

function overflowOf(name: string, value: unknown): QueuePolicy['overflow'] {
  if (value === undefined || value === null || value === 'drop-head') return 'drop-head';
  if (value === 'reject-publish') return value;
  throw new UnsupportedError(
    `The queue ${name} has x-overflow ${JSON.stringify(value)}: this transport knows drop-head and reject-publish`,
  );
}

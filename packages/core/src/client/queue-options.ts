import { InvalidArgumentError } from '../errors.ts';
import { checkKeys } from '../registry/options.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import type { Arguments, QueueInfo } from '../spi/declarations.ts';
import type { Binding, BindingJson } from './binding.ts';
import type { Exchange, ExchangeJson } from './exchange.ts';

export interface QueueOptions {
  /** Where its messages come from; a name means a direct exchange of that name. Absent: the default exchange. */
  readonly exchange?: Exchange | string | undefined;
  /** @default '' */
  readonly routingKey?: string;
  /** Further bindings. With them `exchange` is not bound by itself. */
  readonly bindings?: readonly Binding[] | undefined;
  /** Survives a broker restart. @default true */
  readonly durable?: boolean;
  /** Belongs to one connection and goes with it; implies `autoDelete`. @default false */
  readonly exclusive?: boolean;
  /** Goes when its last consumer does. @default false */
  readonly autoDelete?: boolean;
  /** Consumers of this queue do not ack: delivered means settled. @default false */
  readonly noAck?: boolean;
  /** A name for the application's own use. */
  readonly alias?: string | undefined;
  /** The queue goes when unused for so many milliseconds (`x-expires`). */
  readonly expires?: number | undefined;
  /** Messages not consumed within so many milliseconds expire (`x-message-ttl`). */
  readonly messageTtl?: number | undefined;
  /** At most so many ready messages (`x-max-length`); what happens then says `x-overflow` in `queueArguments`. */
  readonly maxLength?: number | undefined;
  /** At most so many bytes of ready bodies (`x-max-length-bytes`). */
  readonly maxLengthBytes?: number | undefined;
  /** Priorities from 0 to this (`x-max-priority`). */
  readonly maxPriority?: number | undefined;
  /** Broker arguments of the queue. The options above win over the same `x-` key here. */
  readonly queueArguments?: Arguments | undefined;
  readonly bindingArguments?: Arguments | undefined;
  readonly consumerArguments?: Arguments | undefined;
  /** Declaring does nothing. @default false */
  readonly noDeclare?: boolean;
  /** Called after each declaration by this process, with the broker's answer. What it throws is logged. */
  readonly onDeclared?: ((info: QueueInfo) => void) | undefined;
}

const limitArguments = {
  expires: 'x-expires',
  messageTtl: 'x-message-ttl',
  maxLength: 'x-max-length',
  maxLengthBytes: 'x-max-length-bytes',
  maxPriority: 'x-max-priority',
} as const;

const limitOptions = Object.keys(limitArguments) as (keyof typeof limitArguments)[];

const optionKeys = [
  'exchange',
  'routingKey',
  'bindings',
  'durable',
  'exclusive',
  'autoDelete',
  'noAck',
  'alias',
  ...limitOptions,
  'queueArguments',
  'bindingArguments',
  'consumerArguments',
  'noDeclare',
  'onDeclared',
];

/** Throws InvalidArgumentError for unknown options and impossible limits. */
export function checkQueueOptions(name: string, options: QueueOptions): void {
  checkKeys(options, optionKeys, `option of queue '${name}'`);
  for (const option of limitOptions) {
    const value = options[option];
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) continue;
    throw new InvalidArgumentError(`Queue '${name}': ${option} must be an integer of at least 0, not ${String(value)}`);
  }
}

/** The limits as broker arguments. */
export function limitsAsArguments(options: QueueOptions): Record<string, unknown> {
  const limits: Record<string, unknown> = {};
  for (const option of limitOptions) {
    if (options[option] !== undefined) limits[limitArguments[option]] = options[option];
  }
  return limits;
}

/** Options of {@link Queue.bindTo}. */
export interface QueueBindOptions extends WaitOptions {
  readonly routingKey?: string;
  readonly arguments?: Arguments;
}

/** The plain form of a queue, fit for configuration files. */
export interface QueueJson extends Omit<QueueOptions, 'exchange' | 'bindings' | 'onDeclared'> {
  readonly name?: string;
  readonly exchange?: ExchangeJson;
  readonly bindings?: readonly BindingJson[];
}

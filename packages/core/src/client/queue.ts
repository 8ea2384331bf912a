import { randomUUID } from 'node:crypto';
import { InvalidArgumentError } from '../errors.ts';
import { checkKeys } from '../registry/options.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import type { Arguments, BindingDeclaration, QueueDeclaration, QueueInfo } from '../spi/declarations.ts';
import type { BindingJson } from './binding.ts';
import { Binding } from './binding.ts';
import { guarded } from './emitter.ts';
import type { ExchangeJson } from './exchange.ts';
import { Exchange } from './exchange.ts';
import type { GetMessageOptions } from './get-message.ts';
import { getMessage } from './get-message.ts';
import type { Place } from './host.ts';
import type { Message } from './message.ts';
import { compact, placeOf } from './place.ts';

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

type LimitOption = keyof typeof limitArguments;

const limitOptions = Object.keys(limitArguments) as LimitOption[];

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

/** Options of {@link Queue.bindTo}. */
export interface QueueBindOptions extends WaitOptions {
  readonly routingKey?: string;
  readonly arguments?: Arguments;
}

/**
 * A queue by name and properties, as in AMQP 0-9-1, with the bindings that lead to it: a plain value that any number of
 * connections can share. Nothing is sent before `declare`. `T` is the type of the bodies consumed from it.
 */
export class Queue<T = unknown> {
  readonly exchange: Exchange;
  readonly routingKey: string;
  readonly bindings: readonly Binding[];
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly noAck: boolean;
  readonly alias: string | undefined;
  readonly expires: number | undefined;
  readonly messageTtl: number | undefined;
  readonly maxLength: number | undefined;
  readonly maxLengthBytes: number | undefined;
  readonly maxPriority: number | undefined;
  readonly queueArguments: Arguments;
  readonly bindingArguments: Arguments;
  readonly consumerArguments: Arguments;
  readonly noDeclare: boolean;
  readonly onDeclared: ((info: QueueInfo) => void) | undefined;
  // Shared with the bound copies: they all get the name that declaring an anonymous queue makes up.
  #identity: { name: string };
  readonly #options: QueueOptions;
  #place: Place | undefined;
  #declarationKey: string | undefined;

  /** @param name - `''`: an anonymous queue, which gets a unique name when it is declared. */
  constructor(name = '', options: QueueOptions = {}) {
    if (typeof name !== 'string') throw new InvalidArgumentError(`The name of a queue is a string, not ${typeof name}`);
    checkKeys(options, optionKeys, `option of queue '${name}'`);
    this.#options = options;
    this.#identity = { name };
    this.exchange = options.exchange instanceof Exchange ? options.exchange : new Exchange(options.exchange ?? '');
    this.routingKey = options.routingKey ?? '';
    this.bindings = options.bindings ?? [];
    this.durable = options.durable ?? true;
    this.exclusive = options.exclusive ?? false;
    this.autoDelete = this.exclusive || (options.autoDelete ?? false);
    this.noAck = options.noAck ?? false;
    this.alias = options.alias;
    for (const option of limitOptions) checkLimit(option, options[option], name);
    this.expires = options.expires;
    this.messageTtl = options.messageTtl;
    this.maxLength = options.maxLength;
    this.maxLengthBytes = options.maxLengthBytes;
    this.maxPriority = options.maxPriority;
    this.queueArguments = options.queueArguments ?? {};
    this.bindingArguments = options.bindingArguments ?? {};
    this.consumerArguments = options.consumerArguments ?? {};
    this.noDeclare = options.noDeclare ?? false;
    this.onDeclared = options.onDeclared;
  }

  /** Reads what `JSON.stringify(queue)` wrote. */
  static from<T = unknown>(json: QueueJson): Queue<T> {
    const { name, exchange, bindings, ...options } = json;
    return new Queue<T>(name ?? '', {
      ...options,
      exchange: exchange && Exchange.from(exchange),
      bindings: bindings?.map((each) => Binding.from(each)),
    });
  }

  get name(): string {
    return this.#identity.name;
  }

  /** A copy whose operations run on this connection or channel. */
  bind(place: Place): Queue<T> {
    const copy = new Queue<T>(this.name, this.#options);
    copy.#identity = this.#identity;
    copy.#place = place;
    return copy;
  }

  get isBound(): boolean {
    return this.#place !== undefined;
  }

  /**
   * Declares its exchange, itself and its bindings, now and after each reconnect. Rejects with PreconditionFailedError when
   * one of them exists with other properties. An anonymous queue gets its name.
   */
  async declare(place?: Place, options: WaitOptions & { readonly passive?: boolean } = {}): Promise<QueueInfo> {
    const target = placeOf(place, this.#place, 'declare', 'Queue');
    if (this.noDeclare) return { queue: this.name, messageCount: 0, consumerCount: 0 };
    const { control } = target.internals;
    // The name is ours and not the broker's, so that the queue comes back under it after a reconnect.
    if (this.name === '') this.#identity.name = `kombu.gen-${randomUUID()}`;
    if (!options.passive) for (const exchange of this.#sources()) await exchange.declare(target, options);
    const info = await control.declareQueue(this.declaration(options.passive), options);
    if (!options.passive) for (const each of this.bindingDeclarations()) await control.bind(each, options);
    const { onDeclared } = this;
    if (onDeclared) guarded(() => onDeclared(info), target.internals.logger, 'onDeclared');
    return info;
  }

  /** Removes it with all it holds; resolves to the number of messages lost. Conditions reject with PreconditionFailedError. */
  async delete(
    place?: Place,
    options: WaitOptions & { readonly ifUnused?: boolean; readonly ifEmpty?: boolean } = {},
  ): Promise<number> {
    const target = placeOf(place, this.#place, 'delete', 'Queue');
    const conditions = { ifUnused: options.ifUnused ?? false, ifEmpty: options.ifEmpty ?? false };
    return target.internals.control.deleteQueue(this.name, conditions, options);
  }

  /** Removes its ready messages; resolves to their number. */
  async purge(place?: Place, options: WaitOptions = {}): Promise<number> {
    return placeOf(place, this.#place, 'purge', 'Queue').internals.control.purgeQueue(this.name, options);
  }

  /** The number of its ready messages. Rejects with NotFoundError when it does not exist. */
  async size(place?: Place, options: WaitOptions = {}): Promise<number> {
    const target = placeOf(place, this.#place, 'size', 'Queue');
    const info = await target.internals.control.declareQueue(this.declaration(true), options);
    return info.messageCount;
  }

  /** One ready message, or undefined at once. Needs a channel to settle on: a connection's default channel, or the one given. */
  async get(place?: Place, options: GetMessageOptions = {}): Promise<Message<T> | undefined> {
    const target = placeOf(place, this.#place, 'get', 'Queue');
    return getMessage<T>(target, this.name, { ...options, noAck: options.noAck ?? this.noAck });
  }

  /** Leads messages of `source` here. */
  async bindTo(source: Exchange | string, options: QueueBindOptions = {}, place?: Place): Promise<void> {
    const target = placeOf(place, this.#place, 'bindTo', 'Queue');
    await target.internals.control.bind(this.#bindingFrom(source, options.routingKey, options.arguments), options);
  }

  async unbindFrom(source: Exchange | string, options: QueueBindOptions = {}, place?: Place): Promise<void> {
    const target = placeOf(place, this.#place, 'unbindFrom', 'Queue');
    await target.internals.control.unbind(this.#bindingFrom(source, options.routingKey, options.arguments), options);
  }

  /** What `declare` sends for the queue itself. */
  declaration(passive = false): QueueDeclaration {
    const { name, durable, exclusive, autoDelete } = this;
    const limits: Record<string, unknown> = {};
    for (const option of limitOptions) if (this[option] !== undefined) limits[limitArguments[option]] = this[option];
    return { name, durable, exclusive, autoDelete, arguments: { ...this.queueArguments, ...limits }, passive };
  }

  /** The bindings that `declare` makes. None for the default exchange, to which every queue is bound by its name. */
  bindingDeclarations(): BindingDeclaration[] {
    if (this.bindings.length > 0) {
      return this.bindings.map((each) => this.#bindingFrom(each.exchange, each.routingKey, each.arguments));
    }
    if (this.exchange.name === '') return [];
    return [this.#bindingFrom(this.exchange, this.routingKey, this.bindingArguments)];
  }

  /** Equal keys mean equal declarations: what is declared once per connection is told apart by this. */
  get declarationKey(): string {
    // The name of an anonymous queue changes once.
    if (this.name === '') return '';
    this.#declarationKey ??= `queue ${JSON.stringify([this.declaration(), this.bindingDeclarations()])}`;
    return this.#declarationKey;
  }

  toJSON(): QueueJson {
    const { onDeclared: _, exchange, bindings, ...plain } = this;
    return compact({
      name: this.name,
      exchange: exchange.name === '' ? undefined : exchange.toJSON(),
      bindings: bindings.map((each) => each.toJSON()),
      ...plain,
    });
  }

  toString(): string {
    return `Queue '${this.name}'`;
  }

  #sources(): Exchange[] {
    return this.bindings.length > 0 ? this.bindings.map((each) => each.exchange) : [this.exchange];
  }

  #bindingFrom(source: Exchange | string, routingKey = '', args: Arguments = {}): BindingDeclaration {
    return {
      exchange: typeof source === 'string' ? source : source.name,
      destination: this.name,
      destinationType: 'queue',
      routingKey,
      arguments: args,
    };
  }
}

function checkLimit(option: LimitOption, value: number | undefined, queue: string): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
    throw new InvalidArgumentError(
      `Queue '${queue}': ${option} must be an integer of at least 0, not ${String(value)}`,
    );
  }
}

/** The plain form of a queue, fit for configuration files. */
export interface QueueJson extends Omit<QueueOptions, 'exchange' | 'bindings' | 'onDeclared'> {
  readonly name?: string;
  readonly exchange?: ExchangeJson;
  readonly bindings?: readonly BindingJson[];
}

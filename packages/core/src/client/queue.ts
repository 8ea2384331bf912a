import { randomUUID } from 'node:crypto';
import { InvalidArgumentError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { TimeBudget } from '../reliability/time-budget.ts';
import type { Arguments, BindingDeclaration, QueueDeclaration, QueueInfo } from '../spi/declarations.ts';
import { bindingDeclaration } from './binding-declaration.ts';
import { Binding } from './binding.ts';
import type { ConsumerOptions, Handler } from './consumer-options.ts';
import type { Consumer } from './consumer.ts';
import { defaultOperationTimeout } from './control.ts';
import { guarded } from './emitter.ts';
import { Exchange } from './exchange.ts';
import type { GetMessageOptions } from './get-message.ts';
import { getMessage } from './get-message.ts';
import type { Place } from './host.ts';
import type { Message } from './message.ts';
import { compact, placeOf } from './place.ts';
import type { QueueBindOptions, QueueJson, QueueOptions } from './queue-options.ts';
import { checkQueueOptions, limitsAsArguments } from './queue-options.ts';

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
    checkQueueOptions(name, options);
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
   * Declares its exchange, itself and its bindings, now and after each reconnect, within `timeout` milliseconds for all (default
   * 30000). Rejects with PreconditionFailedError when one of them exists with other properties. An anonymous queue gets its
   * name.
   */
  async declare(place?: Place, options: WaitOptions & { readonly passive?: boolean } = {}): Promise<QueueInfo> {
    const target = placeOf(place, this.#place, 'declare', 'Queue');
    if (this.noDeclare) return { queue: this.name, messageCount: 0, consumerCount: 0 };
    const { control, clock, logger } = target.internals;
    const { passive = false } = options;
    const budget = new TimeBudget(options, clock, defaultOperationTimeout);
    // The name is ours and not the broker's, so that the queue comes back under it after a reconnect.
    if (this.name === '') this.#identity.name = `kombu.gen-${randomUUID()}`;
    if (!passive) for (const exchange of this.#sources()) await exchange.declare(target, budget.left);
    const info = await control.declareQueue(this.declaration(passive), budget.left);
    if (!passive) for (const each of this.bindingDeclarations()) await control.bind(each, budget.left);
    const { onDeclared } = this;
    if (onDeclared) guarded(() => onDeclared(info), logger, 'onDeclared');
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

  /** Starts a consumer of this queue: the handler runs as messages arrive. As `connection.consume`. */
  async consume(
    handler: Handler<T>,
    options: Omit<ConsumerOptions<T>, 'queues' | 'handler'> & WaitOptions = {},
    place?: Place,
  ): Promise<Consumer> {
    const target = placeOf(place, this.#place, 'consume', 'Queue');
    return target.internals.consume(target, this, handler as Handler, options as ConsumerOptions & WaitOptions);
  }

  /** Ends the consumer of this queue that has this tag; one that is not there is ended already. */
  async cancel(consumerTag: string, place?: Place): Promise<void> {
    const target = placeOf(place, this.#place, 'cancel', 'Queue');
    for (const consumer of target.internals.consumers) {
      if (consumer.health().some((each) => each.consumerTag === consumerTag)) await consumer.cancelByQueue(this.name);
    }
  }

  /** Leads messages of `source` here. */
  async bindTo(source: Exchange | string, options: QueueBindOptions = {}, place?: Place): Promise<void> {
    const target = placeOf(place, this.#place, 'bindTo', 'Queue');
    await target.internals.control.bind(bindingDeclaration(source, 'queue', this.name, options), options);
  }

  async unbindFrom(source: Exchange | string, options: QueueBindOptions = {}, place?: Place): Promise<void> {
    const target = placeOf(place, this.#place, 'unbindFrom', 'Queue');
    await target.internals.control.unbind(bindingDeclaration(source, 'queue', this.name, options), options);
  }

  /** What `declare` sends for the queue itself. */
  declaration(passive = false): QueueDeclaration {
    const { name, durable, exclusive, autoDelete } = this;
    const limits = limitsAsArguments(this.#options);
    return { name, durable, exclusive, autoDelete, arguments: { ...this.queueArguments, ...limits }, passive };
  }

  /** The bindings that `declare` makes. None for the default exchange, to which every queue is bound by its name. */
  bindingDeclarations(): BindingDeclaration[] {
    if (this.bindings.length > 0) {
      return this.bindings.map((each) => bindingDeclaration(each.exchange, 'queue', this.name, each));
    }
    if (this.exchange.name === '') return [];
    const { routingKey, bindingArguments } = this;
    return [bindingDeclaration(this.exchange, 'queue', this.name, { routingKey, arguments: bindingArguments })];
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
}

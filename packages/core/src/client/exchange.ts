import { InvalidArgumentError } from '../errors.ts';
import { checkKeys } from '../registry/options.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import type { Arguments, ExchangeDeclaration } from '../spi/declarations.ts';
import { bindingDeclaration } from './binding-declaration.ts';
import type { DeliveryMode } from './delivery-mode.ts';
import { deliveryModeNumber } from './delivery-mode.ts';
import type { Place } from './host.ts';
import { compact, placeOf } from './place.ts';
import type { PublishOptions, PublishResult } from './publish-options.ts';
import { publishOn } from './publish-on.ts';

/** Routing algorithms of AMQP 0-9-1; brokers may have more. */
export type ExchangeType = 'direct' | 'topic' | 'fanout' | 'headers' | (string & {});

export interface ExchangeOptions {
  /** @default 'direct' */
  readonly type?: ExchangeType;
  /** Survives a broker restart. @default true */
  readonly durable?: boolean;
  /** Goes when its last binding does. @default false */
  readonly autoDelete?: boolean;
  /** For messages that do not say. @default 'persistent' */
  readonly deliveryMode?: DeliveryMode | undefined;
  /** Broker arguments such as `alternate-exchange`. */
  readonly arguments?: Arguments | undefined;
  /** Declaring only checks that it exists. @default false */
  readonly passive?: boolean;
  /** Declaring does nothing. @default false */
  readonly noDeclare?: boolean;
}

const optionKeys = ['type', 'durable', 'autoDelete', 'deliveryMode', 'arguments', 'passive', 'noDeclare'] as const;

/** Options of {@link Exchange.bindTo}. */
export interface ExchangeBindOptions extends WaitOptions {
  readonly routingKey?: string;
  readonly arguments?: Arguments;
}

/**
 * An exchange by name and properties, as in AMQP 0-9-1: a plain value that any number of connections can share. Nothing is
 * sent before `declare`. `T` is the type of the bodies published to it.
 */
export class Exchange<T = unknown> {
  readonly name: string;
  readonly type: ExchangeType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly deliveryMode: 1 | 2 | undefined;
  readonly arguments: Arguments;
  readonly passive: boolean;
  readonly noDeclare: boolean;
  #place: Place | undefined;
  #declarationKey: string | undefined;

  /** @param name - `''` is the default exchange, which leads to the queue named by the routing key. */
  constructor(name = '', options: ExchangeOptions = {}) {
    if (typeof name !== 'string')
      throw new InvalidArgumentError(`The name of an exchange is a string, not ${typeof name}`);
    checkKeys(options, optionKeys, `option of exchange '${name}'`);
    this.name = name;
    this.type = options.type ?? 'direct';
    this.durable = options.durable ?? true;
    this.autoDelete = options.autoDelete ?? false;
    this.deliveryMode = options.deliveryMode === undefined ? undefined : deliveryModeNumber(options.deliveryMode);
    this.arguments = options.arguments ?? {};
    this.passive = options.passive ?? false;
    this.noDeclare = options.noDeclare ?? false;
  }

  /** Reads what `JSON.stringify(exchange)` wrote. */
  static from<T = unknown>(json: ExchangeJson): Exchange<T> {
    const { name, ...options } = json;
    return new Exchange<T>(name ?? '', options);
  }

  /** A copy whose operations run on this connection or channel. */
  bind(place: Place): Exchange<T> {
    const { name, ...options } = this;
    const copy = new Exchange<T>(name, options);
    copy.#place = place;
    return copy;
  }

  get isBound(): boolean {
    return this.#place !== undefined;
  }

  /** The default exchange and the broker's own (`amq.`) exist always; declaring them would be refused. */
  get isPredefined(): boolean {
    return this.name === '' || this.name.startsWith('amq.');
  }

  /**
   * Makes sure that it exists, now and after each reconnect. Rejects with PreconditionFailedError when it exists with other
   * properties, and with NotFoundError when it is `passive` and does not exist.
   */
  async declare(place?: Place, options: WaitOptions & { readonly passive?: boolean } = {}): Promise<void> {
    const target = placeOf(place, this.#place, 'declare', 'Exchange');
    if (this.noDeclare || this.isPredefined) return;
    await target.internals.control.declareExchange(this.declaration(options.passive), options);
  }

  /** Removes it. `ifUnused`: rejects with PreconditionFailedError while anything is bound to it. */
  async delete(place?: Place, options: WaitOptions & { readonly ifUnused?: boolean } = {}): Promise<void> {
    const target = placeOf(place, this.#place, 'delete', 'Exchange');
    await target.internals.control.deleteExchange(this.name, { ifUnused: options.ifUnused ?? false }, options);
  }

  /** Leads messages of `source` here. */
  async bindTo(source: Exchange | string, options: ExchangeBindOptions = {}, place?: Place): Promise<void> {
    const target = placeOf(place, this.#place, 'bindTo', 'Exchange');
    await target.internals.control.bind(bindingDeclaration(source, 'exchange', this.name, options), options);
  }

  async unbindFrom(source: Exchange | string, options: ExchangeBindOptions = {}, place?: Place): Promise<void> {
    const target = placeOf(place, this.#place, 'unbindFrom', 'Exchange');
    await target.internals.control.unbind(bindingDeclaration(source, 'exchange', this.name, options), options);
  }

  /** Publishes one message here; for more than a few use a producer. Rejects as `Producer.publish` does. */
  async publish(body: T, options: Omit<PublishOptions<T>, 'exchange'> = {}, place?: Place): Promise<PublishResult> {
    return publishOn(placeOf(place, this.#place, 'publish', 'Exchange'), body, { ...options, exchange: this });
  }

  /** What `declare` sends. */
  declaration(passive: boolean = this.passive): ExchangeDeclaration {
    const { name, type, durable, autoDelete } = this;
    return { name, type, durable, autoDelete, arguments: this.arguments, passive };
  }

  /** Equal keys mean equal declarations: what is declared once per connection is told apart by this. */
  get declarationKey(): string {
    this.#declarationKey ??= `exchange ${JSON.stringify(this.declaration())}`;
    return this.#declarationKey;
  }

  toJSON(): ExchangeJson {
    const { name, type, durable, autoDelete, deliveryMode, passive, noDeclare } = this;
    return compact({ name, type, durable, autoDelete, deliveryMode, arguments: this.arguments, passive, noDeclare });
  }

  toString(): string {
    return `Exchange '${this.name}' (${this.type})`;
  }
}

/** The plain form of an exchange, fit for configuration files. */
export interface ExchangeJson extends ExchangeOptions {
  readonly name?: string;
}

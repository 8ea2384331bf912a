import { AccessRefusedError, NotFoundError } from '../errors.ts';
import type { BindingDeclaration } from '../spi/declarations.ts';
import type { Headers } from '../spi/envelope.ts';
import type { BindingChanges, Destination } from './binding-table.ts';
import {
  assertEquivalent,
  exchangeNode,
  predefinedExchanges,
  type ExchangeNode,
  type ExchangeOptions,
} from './exchange-node.ts';
import { assertHeadersArguments } from './headers-match.ts';
import { RouteMemo } from './route-memo.ts';
import { walkRoute } from './route-walk.ts';
import { SourceIndex } from './source-index.ts';

export interface RouterOptions {
  /** About how much memory remembered routes may take, in bytes. Default: 8 MiB. */
  readonly memoBudget?: number | undefined;
}

const defaultMemoBudget = 8 * 1024 * 1024;

/**
 * The exchanges and bindings of one broker, and the way of a message through them: AMQP 0-9-1 with RabbitMQ's bindings between
 * exchanges and alternate exchanges. Queues are known as destinations only; whether one exists is the caller's business. The
 * exchanges that AMQP predefines are there from the start and stay.
 */
export class Router {
  readonly #exchanges = new Map<string, ExchangeNode>();
  readonly #sources = new SourceIndex<ExchangeNode>();
  readonly #memo: RouteMemo;

  constructor(options: RouterOptions = {}) {
    this.#memo = new RouteMemo(options.memoBudget ?? defaultMemoBudget);
    for (const [name, type] of predefinedExchanges) this.addExchange(name, type);
  }

  hasExchange(name: string): boolean {
    return this.#exchanges.has(name);
  }

  /** Undefined when the exchange is unknown. */
  exchangeType(name: string): string | undefined {
    return this.#exchanges.get(name)?.table.type;
  }

  isInternal(name: string): boolean {
    return this.#exchanges.get(name)?.internal ?? false;
  }

  /** Does any binding start at this exchange? */
  isExchangeUsed(name: string): boolean {
    return (this.#exchanges.get(name)?.table.size ?? 0) > 0;
  }

  /** The exchanges to which the bindings of this exchange lead. */
  exchangesBehind(name: string): string[] {
    return [...(this.#exchanges.get(name)?.table.exchanges ?? [])];
  }

  /** The bindings that start at this exchange, or all. */
  bindings(exchange?: string): BindingDeclaration[] {
    if (exchange !== undefined) return [...(this.#exchanges.get(exchange)?.table ?? [])];
    return [...this.#exchanges.values()].flatMap(({ table }) => [...table]);
  }

  /**
   * False when it was there already.
   *
   * @throws UnsupportedError for a type that cannot be routed here.
   * @throws PreconditionFailedError when it is there with another type or other options.
   */
  addExchange(name: string, type: string, options: ExchangeOptions = {}): boolean {
    const known = this.#exchanges.get(name);
    if (known) {
      assertEquivalent(known, type, options);
      return false;
    }
    this.#exchanges.set(name, exchangeNode(name, type, options));
    this.#memo.clear();
    return true;
  }

  /**
   * Removes an exchange with all bindings that start or end there, and returns these.
   *
   * @throws AccessRefusedError for a predefined exchange.
   */
  removeExchange(name: string): BindingDeclaration[] {
    if (predefinedExchanges.has(name)) {
      throw new AccessRefusedError(`The exchange ${quoted(name)} is predefined and cannot be deleted.`);
    }
    const exchange = this.#exchanges.get(name);
    if (!exchange) return [];
    const { removed } = this.#replace(exchange, []);
    this.#exchanges.delete(name);
    this.#memo.clear();
    return [...removed, ...this.#removeDestination(name, 'exchange')];
  }

  /**
   * False when it was there already.
   *
   * @throws NotFoundError when the source or a destination of type `exchange` is unknown.
   * @throws AccessRefusedError for the default exchange, to which every queue is bound by its name.
   * @throws PreconditionFailedError for an unknown `x-match` of a headers exchange.
   */
  bind(binding: BindingDeclaration): boolean {
    const exchange = this.#existing(binding.exchange);
    if (binding.destinationType === 'exchange') this.#existing(binding.destination);
    if (exchange.table.type === 'headers') assertHeadersArguments(binding.arguments);
    if (!exchange.table.add(binding)) return false;
    this.#sources.add(binding, exchange);
    this.#changed(exchange);
    return true;
  }

  /** False when it was not there; also when its exchange is unknown. */
  unbind(binding: BindingDeclaration): boolean {
    const exchange = this.#exchanges.get(binding.exchange);
    if (!exchange?.table.remove(binding)) return false;
    this.#forgetSource(exchange, binding);
    this.#changed(exchange);
    return true;
  }

  /** Removes all bindings that lead to this queue, and returns them. */
  removeQueue(name: string): BindingDeclaration[] {
    return this.#removeDestination(name, 'queue');
  }

  /**
   * Makes `bindings` all that is known of this exchange, beside what `keeps` says yes to: for bindings that other processes
   * share. The same array object a second time costs nothing, unless the bindings were changed otherwise in between. Bindings to
   * unknown exchanges are taken and lead nowhere until their destination is added.
   *
   * @throws NotFoundError when the exchange is unknown.
   * @throws AccessRefusedError for the default exchange.
   * @throws LimitExceededError when an argument is nested too deep; nothing is changed then.
   */
  replaceBindings(
    exchange: string,
    bindings: readonly BindingDeclaration[],
    keeps?: (binding: BindingDeclaration) => boolean,
  ): void {
    const known = this.#existing(exchange);
    if (known.shared === bindings) return;
    this.#replace(known, bindings, keeps);
    known.shared = bindings;
  }

  /**
   * The names of the queues that a message goes to, each once; frozen. Undefined when the exchange is unknown. The default
   * exchange `''` leads to the queue that the routing key names. For cycles and alternate exchanges see `walkRoute`.
   *
   * @throws LimitExceededError when a headers exchange has to compare a header that is nested too deep.
   */
  route(exchange: string, routingKey: string, headers: Headers): readonly string[] | undefined {
    const remembered = this.#memo.get(exchange, routingKey);
    if (remembered) return remembered;
    const start = this.#exchanges.get(exchange);
    if (!start) return undefined;
    if (exchange === '') return this.#remember(exchange, routingKey, [routingKey]);
    const { queues, byHeaders } = walkRoute(this.#exchanges, start, routingKey, headers);
    return byHeaders ? Object.freeze(queues) : this.#remember(exchange, routingKey, queues);
  }

  #remember(exchange: string, routingKey: string, queues: string[]): readonly string[] {
    this.#memo.set(exchange, routingKey, Object.freeze(queues));
    return queues;
  }

  /** An exchange that takes bindings. */
  #existing(name: string): ExchangeNode {
    if (name === '') {
      throw new AccessRefusedError(
        'The default exchange takes no bindings: it leads to every queue by its name. Bind to another exchange, such as amq.direct.',
      );
    }
    const known = this.#exchanges.get(name);
    if (!known) throw new NotFoundError(`The exchange ${quoted(name)} is unknown. Declare it before its bindings.`);
    return known;
  }

  #removeDestination(name: string, type: Destination['destinationType']): BindingDeclaration[] {
    return this.#sources.of(name, type).flatMap((exchange) => {
      const removed = exchange.table.removeDestination(name, type);
      this.#sources.delete({ destination: name, destinationType: type }, exchange);
      this.#changed(exchange);
      return removed;
    });
  }

  #replace(
    exchange: ExchangeNode,
    bindings: readonly BindingDeclaration[],
    keeps?: (binding: BindingDeclaration) => boolean,
  ): BindingChanges {
    const changes = exchange.table.replace(bindings, keeps);
    for (const binding of changes.added) this.#sources.add(binding, exchange);
    for (const binding of changes.removed) this.#forgetSource(exchange, binding);
    if (changes.added.length + changes.removed.length > 0) this.#changed(exchange);
    return changes;
  }

  #forgetSource(exchange: ExchangeNode, binding: BindingDeclaration): void {
    if (exchange.table.hasDestination(binding.destination, binding.destinationType)) return;
    this.#sources.delete(binding, exchange);
  }

  #changed(exchange: ExchangeNode): void {
    exchange.shared = undefined;
    this.#memo.clear();
  }
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

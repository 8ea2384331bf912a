import { NotFoundError, type KombuError } from '../errors.ts';
import type { BindingDeclaration } from '../spi/declarations.ts';
import type { Headers } from '../spi/envelope.ts';
import type { BindingStore } from '../spi/queue-store.ts';
import { Coalescer } from './coalescer.ts';
import type { VirtualLink } from './link.ts';
import { breaksLink, notSentError } from './store-error.ts';

/** Waits for the way of one message. */
export interface RouteWaiter {
  routed(queues: readonly string[]): void;
  failed(error: KombuError): void;
}

interface Question {
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: Headers;
}

type Lookup = Coalescer<Question, RouteWaiter, boolean>;

const noQueues: readonly string[] = [];
/** Queues, and exchanges, that are remembered at a time: names may come from outside. */
const mostRemembered = 10_000;

/**
 * Finds the queues of a message. At once where this process knows all it takes; where it has to ask the store, one question
 * serves all messages of the same turn, and messages for the same exchange keep their order.
 */
export class RouteFinder {
  readonly #link: VirtualLink;
  /** Questions to the store that are under way, by exchange, or by queue for the default exchange. */
  readonly #exchangeLookups = new Map<string, Lookup>();
  readonly #queueLookups = new Map<string, Lookup>();
  readonly #existing = new Set<string>();
  /** What the store said last. */
  readonly #known = new Map<string, readonly BindingDeclaration[]>();
  readonly #isLocal = (binding: BindingDeclaration): boolean => !this.#link.isShared(binding);

  constructor(link: VirtualLink) {
    this.#link = link;
  }

  find(exchange: string, routingKey: string, headers: Headers, waiter: RouteWaiter): void {
    if (exchange === '') this.#findQueue(routingKey, headers, waiter);
    else if (this.#link.store.bindings) {
      this.#lookup(this.#exchangeLookups, exchange, () => this.#refresh(exchange)).add(
        { exchange, routingKey, headers },
        waiter,
      );
    } else this.#answer({ exchange, routingKey, headers }, waiter);
  }

  /** The queue was deleted: do not believe in it any longer. */
  forget(queue: string): void {
    this.#existing.delete(queue);
  }

  /** Settles everything that waits: the link is gone, and nothing was sent. */
  abandon(reason: KombuError): void {
    for (const lookup of [...this.#exchangeLookups.values(), ...this.#queueLookups.values()]) {
      const { sent, unsent } = lookup.abandon();
      for (const waiter of [...sent, ...unsent]) waiter.failed(notSentError(reason));
    }
    this.#exchangeLookups.clear();
    this.#queueLookups.clear();
  }

  /** Reads the shared bindings of the exchange, and of all that it leads to. */
  async #refresh(exchange: string): Promise<boolean> {
    const read = new Map<string, readonly BindingDeclaration[]>();
    await this.#read(exchange, read);
    // An exchange that was inferred anew has lost the bindings that lead there.
    for (const [name, bindings] of read) this.#learn(name, bindings);
    return true;
  }

  async #read(exchange: string, read: Map<string, readonly BindingDeclaration[]>): Promise<void> {
    const { topology, store } = this.#link;
    const type = topology.declaredType(exchange);
    const bindings = await (store.bindings as BindingStore).list(exchange, type);
    read.set(exchange, bindings);
    if (type === undefined && this.#known.get(exchange) !== bindings) this.#infer(exchange, bindings);
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(exchange, bindings);
    this.#learn(exchange, bindings);
    const behind = topology.router.exchangesBehind(exchange);
    const alternate = topology.alternateOf(exchange);
    if (alternate !== undefined) behind.push(alternate);
    for (const next of behind) if (!read.has(next)) await this.#read(next, read);
  }

  /** What the store does not carry stays as it is. */
  #learn(exchange: string, bindings: readonly BindingDeclaration[]): void {
    const { router } = this.#link.topology;
    if (router.hasExchange(exchange)) router.replaceBindings(exchange, bindings, this.#isLocal);
  }

  /**
   * The type of an exchange that others declared is stored nowhere. As in Kombu it counts as direct, unless one of its
   * bindings has a wildcard.
   */
  #infer(exchange: string, bindings: readonly BindingDeclaration[]): void {
    const { router } = this.#link.topology;
    router.removeExchange(exchange);
    if (bindings.length === 0) return;
    router.addExchange(exchange, bindings.some(({ routingKey }) => hasWildcard(routingKey)) ? 'topic' : 'direct');
  }

  #findQueue(queue: string, headers: Headers, waiter: RouteWaiter): void {
    const question = { exchange: '', routingKey: queue, headers };
    const { topology, authoritative, store } = this.#link;
    const underWay = this.#queueLookups.get(queue);
    if (underWay) underWay.add(question, waiter);
    else if (topology.queue(queue) || this.#existing.has(queue)) this.#answer(question, waiter);
    else if (authoritative) waiter.routed(noQueues);
    // Nobody can tell whether it exists; as in Kombu the message makes the queue.
    else if (!store.exists) this.#answer(question, waiter);
    else this.#lookup(this.#queueLookups, queue, () => this.#exists(queue)).add(question, waiter);
  }

  async #exists(queue: string): Promise<boolean> {
    const exists = (await this.#link.store.exists?.(queue)) ?? true;
    if (exists) {
      if (this.#existing.size >= mostRemembered) this.#existing.clear();
      this.#existing.add(queue);
    }
    return exists;
  }

  #lookup(lookups: Map<string, Lookup>, key: string, ask: () => Promise<boolean>): Lookup {
    const known = lookups.get(key);
    if (known) return known;
    const doing = `Looking up where ${JSON.stringify(key)} leads`;
    const lookup: Lookup = new Coalescer({
      run: () => this.#link.timed(doing, ask),
      done: (waiters, exists, questions) => {
        if (lookup.idle) lookups.delete(key);
        waiters.forEach((waiter, index) => {
          const question = questions[index];
          if (exists && question) this.#answer(question, waiter);
          else waiter.routed(noQueues);
        });
      },
      failed: (waiters, cause) => {
        if (lookup.idle) lookups.delete(key);
        const error = this.#link.explain(cause, doing);
        for (const waiter of waiters) waiter.failed(breaksLink(error) ? notSentError(error) : error);
      },
    });
    lookups.set(key, lookup);
    return lookup;
  }

  /** From what is known here. */
  #answer({ exchange, routingKey, headers }: Question, waiter: RouteWaiter): void {
    let queues: readonly string[] | undefined;
    try {
      queues = this.#link.topology.router.route(exchange, routingKey, headers);
    } catch (error) {
      return waiter.failed(this.#link.explain(error, `Routing a message of the exchange ${JSON.stringify(exchange)}`));
    }
    if (queues) waiter.routed(queues);
    else {
      waiter.failed(
        new NotFoundError(`There is no exchange ${JSON.stringify(exchange)}: declare it before you publish there`),
      );
    }
  }
}

function hasWildcard(routingKey: string): boolean {
  return routingKey.split('.').some((word) => word === '*' || word === '#');
}

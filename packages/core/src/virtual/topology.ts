import type { Clock } from '../clock.ts';
import { AccessRefusedError, NotFoundError, PreconditionFailedError, ResourceLockedError } from '../errors.ts';
import { Router } from '../routing/router.ts';
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration } from '../spi/declarations.ts';
import { DeclaredQueue, type QueueConsumer } from './declared-queue.ts';
import { assertSameExchange, assertSameQueue } from './equivalence.ts';
import type { QueuePolicy } from './queue-policy.ts';

export interface TopologyOptions {
  readonly clock: Clock;
  /**
   * A queue went without anybody asking: `x-expires` passed, or the connection that owned it broke. Whoever keeps its
   * messages drops them now.
   */
  queueGone?(queue: string): void;
}

/**
 * The exchanges, queues and bindings that were declared, and who consumes where: of one connection, or of all connections to
 * one broker when its backend hands the same object to each. Knows nothing of messages and stores; all in memory and at once.
 */
export class Topology {
  readonly router: Router = new Router();
  readonly #clock: Clock;
  readonly #queueGone: (queue: string) => void;
  readonly #exchanges = new Map<string, ExchangeDeclaration>();
  readonly #queues = new Map<string, DeclaredQueue>();

  constructor(options: TopologyOptions) {
    this.#clock = options.clock;
    this.#queueGone = (queue) => options.queueGone?.(queue);
  }

  /** Does it hold a declaration that outlives its connections? */
  get hasDurable(): boolean {
    const queues = Array.from(this.#queues.values(), ({ declaration }) => declaration);
    return [...this.#exchanges.values(), ...queues].some(({ durable }) => durable);
  }

  queue(name: string): DeclaredQueue | undefined {
    return this.#queues.get(name);
  }

  /** @throws PreconditionFailedError when it exists with other properties. */
  declareExchange(exchange: ExchangeDeclaration): void {
    const { name, type } = exchange;
    if (exchange.passive) return this.#assertExchange(name);
    const known = this.#exchanges.get(name);
    if (known) return assertSameExchange(known, exchange);
    if (name === '' || name.startsWith('amq.')) return this.#assertPredefined(name, type);
    // What bindings of others had made us infer gives way to what is declared.
    if (this.router.hasExchange(name)) this.router.removeExchange(name);
    const alternate = exchange.arguments['alternate-exchange'];
    this.router.addExchange(name, type, { alternateExchange: typeof alternate === 'string' ? alternate : undefined });
    this.#exchanges.set(name, exchange);
  }

  /** Where an exchange sends what it cannot route itself. */
  alternateOf(exchange: string): string | undefined {
    const alternate = this.#exchanges.get(exchange)?.arguments['alternate-exchange'];
    return typeof alternate === 'string' ? alternate : undefined;
  }

  /** Was it declared here, or by AMQP itself? */
  hasExchange(name: string): boolean {
    return this.#exchanges.has(name) || name === '' || (name.startsWith('amq.') && this.router.hasExchange(name));
  }

  /** Undefined for an exchange whose type was only inferred from the bindings of others. */
  declaredType(name: string): string | undefined {
    return this.hasExchange(name) ? this.router.exchangeType(name) : undefined;
  }

  /**
   * Removes it with its bindings, which are returned; an unknown exchange is no error, as in RabbitMQ.
   *
   * @throws PreconditionFailedError when `ifUnused` is set and bindings start there.
   */
  deleteExchange(name: string, ifUnused: boolean): BindingDeclaration[] {
    if (ifUnused && this.router.isExchangeUsed(name)) {
      throw new PreconditionFailedError(`The exchange ${JSON.stringify(name)} is in use: bindings start there`);
    }
    const removed = this.router.removeExchange(name);
    this.#exchanges.delete(name);
    return [...removed, ...this.#dropUnused(removed)];
  }

  /**
   * @param owner the connection, for exclusive queues.
   * @throws PreconditionFailedError when it exists with other properties, ResourceLockedError when it is another's.
   */
  declareQueue(queue: QueueDeclaration, policy: QueuePolicy, owner: object): DeclaredQueue {
    this.assertAccess(queue.name, owner);
    const known = this.#queues.get(queue.name);
    if (known) {
      assertSameQueue(known.declaration, queue);
      known.touch();
      return known;
    }
    const declared = new DeclaredQueue(queue, policy, queue.exclusive ? owner : undefined, this.#clock, () => {
      this.removeQueue(queue.name, `its x-expires of ${policy.expires} ms passed without use`);
      this.#queueGone(queue.name);
    });
    this.#queues.set(queue.name, declared);
    return declared;
  }

  /** @throws ResourceLockedError when the queue belongs to another connection. */
  assertAccess(name: string, owner: object): void {
    const known = this.#queues.get(name);
    if (known?.owner === undefined || known.owner === owner) return;
    throw new ResourceLockedError(`The queue ${JSON.stringify(name)} is exclusive and belongs to another connection`);
  }

  /** Forgets the queue, cancels its consumers, and returns the bindings that went with it. */
  removeQueue(name: string, why: string): BindingDeclaration[] {
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    const removed = this.router.removeQueue(name);
    if (queue) {
      queue.close();
      const reason = new NotFoundError(`The queue ${JSON.stringify(name)} is gone: ${why}`);
      for (const consumer of queue.consumers) consumer.queueDeleted(reason);
      queue.consumers.clear();
    }
    return [...removed, ...this.#dropUnused(removed)];
  }

  /** The names of the exclusive queues of this connection. */
  ownedBy(owner: object): string[] {
    return [...this.#queues].filter(([, queue]) => queue.owner === owner).map(([name]) => name);
  }

  /** The connection broke: what belonged to it goes. */
  forsake(owner: object): void {
    for (const name of this.ownedBy(owner)) {
      this.removeQueue(name, 'the connection that it belonged to broke');
      this.#queueGone(name);
    }
  }

  /** @throws AccessRefusedError when either this consumer or the one that is there wants the queue for itself. */
  addConsumer(name: string, consumer: QueueConsumer): void {
    const queue = this.#queues.get(name);
    if (!queue) return;
    if (queue.consumers.size > 0 && (consumer.exclusive || [...queue.consumers].some((other) => other.exclusive))) {
      throw new AccessRefusedError(
        `The queue ${JSON.stringify(name)} has a consumer already and one of the two is exclusive`,
      );
    }
    queue.consumers.add(consumer);
  }

  /** True when this was the last consumer of a queue that does not outlive it; the caller deletes the queue. */
  removeConsumer(name: string, consumer: QueueConsumer): boolean {
    const queue = this.#queues.get(name);
    if (!queue?.consumers.delete(consumer)) return false;
    queue.touch();
    return queue.consumers.size === 0 && queue.declaration.autoDelete;
  }

  /** As `removeConsumer`, for a consumer whose connection broke: a queue that lives no longer goes at once. */
  forsakeConsumer(name: string, consumer: QueueConsumer): void {
    if (!this.removeConsumer(name, consumer)) return;
    this.removeQueue(name, 'its last consumer is lost');
    this.#queueGone(name);
  }

  /** @throws NotFoundError when the exchange, or a destination exchange, is unknown. */
  assertBindable({ exchange, destination, destinationType }: BindingDeclaration): void {
    this.#assertExchange(exchange);
    if (destinationType === 'exchange') this.#assertExchange(destination);
  }

  /** False when it was there already. */
  bind(binding: BindingDeclaration): boolean {
    return this.router.bind(binding);
  }

  /** Returns the bindings that went: of an auto-delete exchange that lost its last one, all that led there. */
  unbind(binding: BindingDeclaration): BindingDeclaration[] {
    this.router.unbind(binding);
    return this.#dropUnused([binding]);
  }

  /** Stops all timers. */
  close(): void {
    for (const queue of this.#queues.values()) queue.close();
  }

  #assertExchange(name: string): void {
    if (!this.hasExchange(name)) {
      throw new NotFoundError(`The exchange ${JSON.stringify(name)} is not known here: declare it first`);
    }
  }

  #assertPredefined(name: string, type: string): void {
    if (!this.router.hasExchange(name)) {
      throw new AccessRefusedError(
        `Names that start with "amq." are reserved: call the exchange ${JSON.stringify(name)} otherwise`,
      );
    }
    // Refuses another type.
    this.router.addExchange(name, type);
  }

  /** Removes the auto-delete exchanges whose last binding is among these. */
  #dropUnused(removed: readonly BindingDeclaration[]): BindingDeclaration[] {
    const more: BindingDeclaration[] = [];
    for (const { exchange } of removed) {
      if (!this.#exchanges.get(exchange)?.autoDelete || this.router.isExchangeUsed(exchange)) continue;
      more.push(...this.deleteExchange(exchange, false));
    }
    return more;
  }
}

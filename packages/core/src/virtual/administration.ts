import { NotFoundError, PreconditionFailedError } from '../errors.ts';
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration, QueueInfo } from '../spi/declarations.ts';
import type { QueueConsumer } from './declared-queue.ts';
import type { VirtualLink } from './link.ts';
import { readQueuePolicy } from './queue-policy.ts';
import type { RouteFinder } from './route-finder.ts';

/** Declares, deletes and binds: in the topology first, which checks, then in the store. */
export class Administration {
  readonly #link: VirtualLink;
  readonly #routes: RouteFinder;

  constructor(link: VirtualLink, routes: RouteFinder) {
    this.#link = link;
    this.#routes = routes;
  }

  declareExchange(exchange: ExchangeDeclaration): void {
    this.#link.topology.declareExchange(exchange);
  }

  async deleteExchange(name: string, ifUnused: boolean): Promise<void> {
    await this.#readBindings(name);
    await this.#removeBindings(this.#link.topology.deleteExchange(name, ifUnused));
  }

  async declareQueue(queue: QueueDeclaration): Promise<QueueInfo> {
    const { name } = queue;
    if (queue.passive) await this.assertQueue(name, true);
    else await this.#declareQueue(queue);
    const declared = this.#link.topology.queue(name);
    declared?.touch();
    const messageCount = await this.#link.control(`Counting the messages of ${quoted(name)}`, (store) =>
      store.size(name),
    );
    return { queue: name, messageCount, consumerCount: declared?.consumers.size ?? 0 };
  }

  async #declareQueue(queue: QueueDeclaration): Promise<void> {
    const { topology, capabilities, store } = this.#link;
    const policy = readQueuePolicy(queue.name, queue.arguments, capabilities);
    const isNew = topology.queue(queue.name) === undefined;
    topology.declareQueue(queue, policy, this.#link);
    if (!store.declare) return;
    try {
      await this.#link.control(`Declaring ${quoted(queue.name)}`, async () => store.declare?.(queue));
    } catch (error) {
      if (isNew) topology.removeQueue(queue.name, 'it could not be declared');
      throw error;
    }
  }

  /**
   * A store that cannot tell whether a queue exists is believed to have it, unless `declaredHere` asks for certainty.
   *
   * @throws NotFoundError, or ResourceLockedError when the queue belongs to another connection.
   */
  async assertQueue(name: string, declaredHere = false): Promise<void> {
    const { topology, authoritative, store } = this.#link;
    topology.assertAccess(name, this.#link);
    if (topology.queue(name)) return;
    let exists = !authoritative && !declaredHere;
    if (!authoritative && store.exists) {
      exists = await this.#link.control(
        `Looking for ${quoted(name)}`,
        async () => (await store.exists?.(name)) ?? true,
      );
    }
    if (!exists) throw new NotFoundError(`There is no ${quoted(name)}: declare it first`);
  }

  async deleteQueue(
    name: string,
    { ifUnused, ifEmpty }: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
  ): Promise<number> {
    const { topology } = this.#link;
    topology.assertAccess(name, this.#link);
    const consumers = topology.queue(name)?.consumers.size ?? 0;
    if (ifUnused && consumers > 0) {
      throw new PreconditionFailedError(`The ${quoted(name)} is in use: it has ${consumers} consumers`);
    }
    const count = await this.#link.control(`Counting the messages of ${quoted(name)}`, (store) => store.size(name));
    if (ifEmpty && count > 0)
      throw new PreconditionFailedError(`The ${quoted(name)} is not empty: it has ${count} messages`);
    await this.#removeQueue(name, 'it was deleted');
    return count;
  }

  async purgeQueue(name: string): Promise<number> {
    await this.assertQueue(name);
    return this.#link.control(`Purging ${quoted(name)}`, (store) => store.purge(name));
  }

  async bind(binding: BindingDeclaration): Promise<void> {
    const { topology, store } = this.#link;
    topology.assertBindable(binding);
    if (binding.destinationType === 'queue') await this.assertQueue(binding.destination, true);
    const isNew = topology.bind(binding);
    if (!this.#link.isShared(binding)) return;
    try {
      const exchangeType = topology.router.exchangeType(binding.exchange) ?? 'direct';
      await this.#link.control(`Binding ${quoted(binding.destination)}`, async () =>
        store.bindings?.add(binding, exchangeType),
      );
    } catch (error) {
      if (isNew) topology.unbind(binding);
      throw error;
    }
  }

  async unbind(binding: BindingDeclaration): Promise<void> {
    const { topology } = this.#link;
    topology.assertBindable(binding);
    if (binding.destinationType === 'queue') await this.assertQueue(binding.destination);
    await this.#removeBindings([binding, ...topology.unbind(binding)]);
  }

  /** The consumer is gone; with the last one goes a queue that lives no longer than its consumers. */
  async leave(queue: string, consumer: QueueConsumer): Promise<void> {
    if (this.#link.topology.removeConsumer(queue, consumer)) await this.#removeQueue(queue, 'its last consumer left');
  }

  /** Deletes the exclusive queues of this connection. */
  async deleteOwned(): Promise<void> {
    for (const queue of this.#link.topology.ownedBy(this.#link)) {
      await this.#removeQueue(queue, 'the connection that it belonged to was closed');
    }
  }

  /** Removes from the store what the topology has let go. */
  async dropQueue(name: string): Promise<void> {
    const { store } = this.#link;
    this.#routes.forget(name);
    if (store.bindings) {
      await this.#link.control(`Unbinding ${quoted(name)}`, async () => store.bindings?.removeQueue(name));
    }
    await this.#link.control(`Deleting ${quoted(name)}`, () => store.delete(name));
  }

  async #removeQueue(name: string, why: string): Promise<void> {
    const removed = this.#link.topology.removeQueue(name, why);
    // Those that lead to the queue itself go with it in the store.
    await this.#removeBindings(removed.filter(({ destination }) => destination !== name));
    await this.dropQueue(name);
  }

  async #removeBindings(bindings: readonly BindingDeclaration[]): Promise<void> {
    const { store } = this.#link;
    for (const binding of bindings.filter((each) => this.#link.isShared(each))) {
      await this.#link.control(`Unbinding ${quoted(binding.destination)}`, async () => store.bindings?.remove(binding));
    }
  }

  /** Lets the topology know the bindings that other processes made. */
  async #readBindings(exchange: string): Promise<void> {
    const { store, topology } = this.#link;
    const type = topology.declaredType(exchange);
    if (!store.bindings || type === undefined) return;
    const bindings = await this.#link.control(`Reading the bindings of ${JSON.stringify(exchange)}`, async () =>
      store.bindings?.list(exchange, type),
    );
    if (bindings) topology.router.replaceBindings(exchange, bindings, (each) => !this.#link.isShared(each));
  }
}

function quoted(queue: string): string {
  return `queue ${JSON.stringify(queue)}`;
}

import type { Clock } from '@kombu/core/spi';
import { ConnectionError, Topology } from '@kombu/core/spi';
import { MemoryQueue } from './memory-queue.ts';
import { MemoryStore } from './memory-store.ts';

/** How many messages a queue holds, by state. */
export interface MemoryQueueCounts {
  readonly ready: number;
  readonly leased: number;
  readonly delayed: number;
}

export interface MemoryBrokerParts {
  readonly name: string;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** The last connection was closed and nothing durable is left. */
  readonly unused: () => void;
}

/**
 * A broker in the memory of this process. It behaves as one across a network would: messages that are taken come back when
 * their lease ends, receipts of old leases are worth nothing, and links can break.
 */
export class MemoryBroker {
  readonly name: string;
  /** In milliseconds; Infinity: a message stays with its taker as long as the connection lives. */
  readonly leaseMs: number;
  readonly topology: Topology;
  readonly #clock: Clock;
  readonly #unused: () => void;
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #stores = new Set<MemoryStore>();

  constructor({ name, clock, leaseMs, unused }: MemoryBrokerParts) {
    this.name = name;
    this.leaseMs = leaseMs;
    this.#clock = clock;
    this.#unused = unused;
    this.topology = new Topology({ clock, queueGone: (queue) => this.deleteQueue(queue) });
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#stores.size;
  }

  /** What the queue holds; zeros when there is no such queue. */
  counts(queue: string): MemoryQueueCounts {
    const known = this.#queues.get(queue);
    return { ready: known?.size ?? 0, leased: known?.leased ?? 0, delayed: known?.delayed ?? 0 };
  }

  /** Breaks all connections, as when the broker's machine dies and comes back: queues and messages stay. */
  cut(reason: Error = new ConnectionError('The link to the memory broker was cut')): void {
    for (const store of this.#stores) store.cut(reason);
  }

  /** Ends all leases of a queue, or of all queues, as if their time were up. */
  expireLeases(queue?: string): void {
    for (const [name, each] of this.#queues) if (queue === undefined || queue === name) each.endLeases();
  }

  connect(): MemoryStore {
    const store = new MemoryStore(this);
    this.#stores.add(store);
    return store;
  }

  queue(name: string): MemoryQueue | undefined {
    return this.#queues.get(name);
  }

  /** Makes it when it is not there. */
  queueFor(name: string): MemoryQueue {
    let queue = this.#queues.get(name);
    if (!queue) this.#queues.set(name, (queue = new MemoryQueue(this.#clock, this.leaseMs)));
    return queue;
  }

  deleteQueue(name: string): void {
    this.#queues.get(name)?.close();
    this.#queues.delete(name);
  }

  /** A connection ended. */
  left(store: MemoryStore, politely: boolean): void {
    this.#stores.delete(store);
    for (const queue of this.#queues.values()) {
      queue.dismiss(store);
      if (politely || this.leaseMs === Infinity) queue.endLeases(store);
    }
    if (politely && this.#stores.size === 0 && !this.topology.hasDurable) this.close();
  }

  /** Breaks all connections and forgets everything. */
  close(): void {
    this.cut();
    for (const name of this.#queues.keys()) this.deleteQueue(name);
    this.topology.close();
    this.#unused();
  }
}

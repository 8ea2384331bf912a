import type { BindingDeclaration, ConsumeResult, QueueDeclaration } from './declarations.ts';
import type { SettleOutcome } from './envelope.ts';

/** A message on its way into a store. */
export interface OutgoingMessage {
  /** The Kombu envelope as JSON text; opaque to the store. */
  readonly payload: string;
  /** 0 to 9, higher first; a store without `priority` gets 0 only. */
  readonly priority: number;
  /** Hide it for this many milliseconds; a store without `delay` gets 0 only. */
  readonly delayMs: number;
  /** Wall-clock milliseconds after which nobody wants it. Core drops expired messages on reading; a store may do so earlier. */
  readonly expiresAt: number | undefined;
  /** The publisher's properties, for stores with per-message features of their own (group ids, attributes). */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A message on its way to whoever listens to a fanout exchange. */
export interface BroadcastMessage {
  /** The Kombu envelope as JSON text; opaque to the store. */
  readonly payload: string;
  readonly routingKey: string;
}

/** Which messages of a `put` did not get in. */
export interface PutFailure {
  readonly index: number;
  readonly error: unknown;
}

/** A message as it comes out of a store. `receipt` is the store's own handle; core only hands it back. */
export interface StoredMessage<R> {
  readonly payload: string;
  readonly receipt: R;
  /** It was delivered before. Absent: core reads it from the payload. */
  readonly redelivered?: boolean;
  /**
   * How often it was delivered before this time. Absent: core counts in the payload on each requeue, which it cannot do where
   * the store has `release`; without a count from there, `x-delivery-limit` has no effect.
   */
  readonly deliveryCount?: number;
}

export interface GetOptions {
  /** At least 1. Returning more than `max` is a fault. */
  readonly max: number;
  /** How long to wait for the first message, in milliseconds; 0: only look. Returning early and empty is fine: core asks again. */
  readonly waitMs: number;
  /**
   * Delivered means settled. Either the store forgets the message at once and gives the receipt `undefined`, or it gives a
   * receipt as ever and core acks it.
   */
  readonly noAck: boolean;
  /** Stop waiting and return soon. What was already taken is returned, not dropped: core gives it back. */
  readonly signal: AbortSignal;
}

/**
 * Level 2 of the SPI: anything that can hold queues of texts. `defineVirtualTransport` gives it AMQ semantics: exchanges,
 * routing, prefetch, acks, redelivery, TTL, dead-lettering. The store knows queue names, opaque payloads and receipts, and
 * nothing of AMQ.
 *
 * Duty: between `get` and `ack` a message stays in the store, out of sight of other readers (its lease), and comes back when
 * the lease ends without `ack` or `renew`, or the store says `acknowledge: 'client'` in its capabilities.
 * Concurrency: all methods may be called at the same time. Retry: none; throw and let core decide.
 * A queue that was never declared holds nothing: `get` gives `[]`, `size` 0, `purge` and `delete` do nothing.
 */
export interface QueueStore<R = unknown> {
  /** Appends all messages, in order, or throws; a store that can fail in part returns the failures. */
  put(queue: string, messages: readonly OutgoingMessage[]): Promise<void | readonly PutFailure[]>;
  /** Takes up to `max` messages, first in first out within a priority; `[]` when there are none. */
  get(queue: string, options: GetOptions): Promise<readonly StoredMessage<R>[]>;
  /** Removes messages for good. The outcomes stand in the order of the receipts; nothing returned means all `ok`. */
  ack(queue: string, receipts: readonly R[]): Promise<void | readonly SettleOutcome[]>;
  /** The number of ready messages. */
  size(queue: string): Promise<number>;
  /** Removes the ready messages; resolves to their number. */
  purge(queue: string): Promise<number>;
  /** Removes the queue with all it holds. */
  delete(queue: string): Promise<void>;
  /** Gives up sockets and timers; leased messages come back by themselves or at once. Idempotent. */
  close(): Promise<void>;

  /** Makes the queue. Absent: queues come to be by `put`. */
  declare?(queue: QueueDeclaration): Promise<void>;
  /** Absent: only queues that this process declared are known to exist. */
  exists?(queue: string): Promise<boolean>;
  /**
   * Ends leases early: the messages are ready again at the place where they were, or as near to it as the store can, marked
   * as redelivered. Absent: core puts a marked copy and acks, in that order. `delayMs` is 0 without `delay`.
   */
  release?(
    queue: string,
    receipts: readonly R[],
    options: { readonly delayMs: number },
  ): Promise<void | readonly SettleOutcome[]>;
  /**
   * Extends leases by a full lease time from now. Absent: leases last as long as the connection. Core never renews a receipt
   * that is being settled, nor settles one that is being renewed.
   */
  renew?(queue: string, receipts: readonly R[]): Promise<void | readonly SettleOutcome[]>;
  /** The lease time in force, in milliseconds; needed with `renew`. */
  readonly leaseMs?: number;
  /**
   * Calls `wake` when the queue may have got a message; spurious calls are fine, missed ones cost a polling interval. Returns
   * how to stop it, which core does before it closes the store; throws when the queue cannot be watched, and core polls. Only
   * for stores whose `get` cannot wait.
   */
  watch?(queue: string, wake: () => void): () => void;
  /**
   * A consumer of the queue is about to ask for messages. Resolves when what is published from now on will reach it, and tells
   * whether the queue keeps nothing while nobody asks. Absent: there is nothing to prepare, and the queue keeps messages.
   */
  subscribe?(queue: string): Promise<ConsumeResult | void>;
  /** Bindings that all processes share. Absent: each process routes by its own. */
  readonly bindings?: BindingStore;
  /**
   * For layouts in which peers listen to a fanout exchange itself and not to a queue of theirs (Kombu's PUB/SUB on Redis, its
   * broadcast collection in MongoDB). Core calls it for each message of a fanout exchange, besides the `put` into each bound
   * queue; a delayed message is not broadcast, as nothing would keep it. Gives the number of listeners that each message
   * reached, where the store knows; with `mandatory`, a message without a queue and without a known listener is unroutable.
   */
  broadcast?(exchange: string, messages: readonly BroadcastMessage[]): Promise<void | readonly number[]>;
  /** Resolves when the link broke. Absent: core takes the first connection error of any call as its end. */
  readonly closed?: Promise<Error | undefined>;
  /** The client library's object, for `connection.unwrap()`. */
  unwrap?(): unknown;
}

/** A table of bindings in the store itself. Both ways idempotent. */
export interface BindingStore {
  /**
   * False for a binding that the layout has no place for, such as one with arguments or one that leads to an exchange. It stays
   * with the process that made it, which alone routes by it, as all bindings do without a `BindingStore`; the other members are
   * never called with it. Depends on nothing but the binding. Absent: the table holds every binding as it is.
   */
  carries?(binding: BindingDeclaration): boolean;
  /** `exchangeType`: some layouts, Kombu's among them, keep more for a topic exchange than for others. */
  add(binding: BindingDeclaration, exchangeType: string): Promise<void>;
  remove(binding: BindingDeclaration): Promise<void>;
  /**
   * All bindings of the exchange. Core asks before each batch of publishes and compiles the answer; return the same array
   * object while nothing changed, and it is not compiled again. `exchangeType` is undefined where only others declared it.
   */
  list(exchange: string, exchangeType: string | undefined): Promise<readonly BindingDeclaration[]>;
  /** Forgets all bindings that lead to this queue, when the queue is deleted. */
  removeQueue(queue: string): Promise<void>;
}

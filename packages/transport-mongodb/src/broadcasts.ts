import { createHash } from 'node:crypto';
import type { BroadcastMessage, Clock, ClockTimer, Logger } from '@kombu/core/spi';
import { ObjectId, type FindCursor } from 'mongodb';
import type { BroadcastDocument, Collections } from './documents.ts';
import { priorityOf } from './payload-priority.ts';

export interface BroadcastsParts {
  readonly collections: Collections;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A message was put into a queue. */
  arrived(queue: string): void;
}

/** Stands behind the JSON of a message that is in our queues already. Readers of JSON do not mind it. */
const stored = '\n';
/** DuplicateKey: another process brought the message. */
const duplicateKey = 11_000;
/** How many broadcast messages are remembered as known; the collection holds some hundreds. */
const rememberedIds = 10_000;
/** The pause before a cursor that died is replaced, and the one after an empty batch, in milliseconds. */
const pauseMs = 500;

/**
 * What Python processes and ours say to each other through fanout exchanges. Python's go into the broadcast collection only, so each
 * message of ours is written there too, and what Python writes there is put into the queues that are consumed here. The collection
 * is small and forgets its oldest messages: only Python's consumers depend on that.
 */
export class Broadcasts {
  readonly #parts: BroadcastsParts;
  /** The queues that are bound here, by exchange. */
  readonly #bound = new Map<string, Set<string>>();
  readonly #consumed = new Set<string>();
  #known = new Set<string>();
  #listening: Promise<void> | undefined;
  #cursor: FindCursor<BroadcastDocument> | undefined;
  #wake: (() => void) | undefined;
  #isOver = false;

  constructor(parts: BroadcastsParts) {
    this.#parts = parts;
  }

  async broadcast(exchange: string, messages: readonly BroadcastMessage[]): Promise<void> {
    const documents = messages.map(({ payload }) => {
      return { _id: new ObjectId(), payload: payload + stored, queue: exchange };
    });
    await this.#parts.collections.broadcast.insertMany(documents);
  }

  bound(exchange: string, queue: string): void {
    this.#bound.set(exchange, (this.#bound.get(exchange) ?? new Set()).add(queue));
  }

  unbound(exchange: string, queue: string): void {
    this.#bound.get(exchange)?.delete(queue);
  }

  /** The queue hears from now on what Python broadcasts. */
  async consumed(queue: string): Promise<void> {
    this.#consumed.add(queue);
    if (![...this.#bound.values()].some((queues) => queues.has(queue))) return;
    this.#listening ??= this.#begin();
    await this.#listening;
  }

  deleted(queue: string): void {
    this.#consumed.delete(queue);
    for (const queues of this.#bound.values()) queues.delete(queue);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#wake?.();
    await this.#cursor?.close().catch(() => undefined);
  }

  /** What is there now was not for us. */
  async #begin(): Promise<void> {
    const there = await this.#parts.collections.broadcast.find({}, { projection: { _id: 1 } }).toArray();
    for (const { _id } of there) this.#known.add(_id.toHexString());
    void this.#listen();
  }

  /** A tailable cursor dies when it finds nothing, and when it is overtaken: then another one begins at the beginning. */
  async #listen(): Promise<void> {
    const { collections, logger } = this.#parts;
    while (!this.#isOver) {
      this.#cursor = collections.broadcast.find({}, { tailable: true, awaitData: true, maxAwaitTimeMS: 1000 });
      try {
        for await (const document of this.#cursor) await this.#heard(document);
      } catch (error) {
        if (!this.#isOver) logger.debug('A cursor over broadcast messages broke; opening another one', { error });
      }
      if (!this.#isOver) await this.#pause();
    }
  }

  async #heard({ _id, queue: exchange, payload }: BroadcastDocument): Promise<void> {
    const id = _id.toHexString();
    if (this.#known.has(id)) return;
    if (this.#known.size >= rememberedIds) this.#known = new Set([...this.#known].slice(rememberedIds / 2));
    this.#known.add(id);
    if (typeof payload !== 'string' || payload.endsWith(stored)) return;
    for (const queue of this.#bound.get(exchange) ?? []) {
      if (this.#consumed.has(queue)) await this.#bring(queue, _id, payload);
    }
  }

  /** Several processes may consume the queue: the message has the same id, whoever brings it. */
  async #bring(queue: string, id: ObjectId, payload: string): Promise<void> {
    const { collections, logger, arrived } = this.#parts;
    const hash = createHash('sha1').update(id.id).update(queue).digest();
    const _id = new ObjectId(Buffer.concat([id.id.subarray(0, 4), hash.subarray(0, 8)]));
    try {
      await collections.messages.insertOne({ _id, payload, queue, priority: 9 - priorityOf(payload) });
      arrived(queue);
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === duplicateKey) return;
      logger.warn(`A broadcast message could not be put into the queue ${JSON.stringify(queue)}`, { error });
    }
  }

  #pause(): Promise<void> {
    const { clock } = this.#parts;
    let timer: ClockTimer | undefined;
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = clock.setTimeout(resolve, pauseMs);
      timer.unref();
    }).finally(() => {
      if (timer) clock.clearTimeout(timer);
    });
  }
}

import type { BroadcastMessage, ClockTimer } from '@kombu/core/spi';
import { ObjectId, type FindCursor } from 'mongodb';
import { Bringer, type BringerParts } from './bringer.ts';
import type { BroadcastDocument } from './documents.ts';

/** Stands behind the JSON of a message that is in our queues already. Readers of JSON do not mind it. */
const stored = '\n';
/** How many broadcast messages are remembered as known; the collection holds some hundreds. */
const rememberedIds = 10_000;
/** The pause before a cursor that ended is replaced, in milliseconds, and the longest after an error. */
const firstPauseMs = 500;
const longestPauseMs = 30_000;

/**
 * What Python processes and ours say to each other through fanout exchanges. Python's go into the broadcast collection only, so each
 * message of ours is written there too, and what Python writes there is put into the queues that are consumed here. The collection
 * is small and forgets its oldest messages: only Python's consumers depend on that.
 */
export class Broadcasts {
  readonly #parts: BringerParts;
  readonly #bringer: Bringer;
  /** The queues that are bound here, by exchange. */
  readonly #bound = new Map<string, Set<string>>();
  readonly #consumed = new Set<string>();
  #known = new Set<string>();
  #listening: Promise<void> | undefined;
  #cursor: FindCursor<BroadcastDocument> | undefined;
  #wake: (() => void) | undefined;
  #isOver = false;

  constructor(parts: BringerParts) {
    this.#parts = parts;
    this.#bringer = new Bringer(parts);
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
    this.#bringer.stop();
    this.#wake?.();
    await this.#cursor?.close().catch(() => undefined);
  }

  /** What is there now was not for us. */
  async #begin(): Promise<void> {
    const there = await this.#parts.collections.broadcast.find({}, { projection: { _id: 1 } }).toArray();
    for (const { _id } of there) this.#known.add(_id.toHexString());
    await this.#bringer.clean();
    void this.#listen();
  }

  /** A tailable cursor dies when it finds nothing, and when it is overtaken: then another one begins at the beginning. */
  async #listen(): Promise<void> {
    const { collections, logger } = this.#parts;
    for (let pauseMs = firstPauseMs; !this.#isOver; await this.#pause(pauseMs)) {
      this.#cursor = collections.broadcast.find({}, { tailable: true, awaitData: true, maxAwaitTimeMS: 1000 });
      try {
        for await (const document of this.#cursor) await this.#heard(document);
        pauseMs = firstPauseMs;
      } catch (error) {
        if (this.#isOver) return;
        logger.warn('Broadcast messages of Python processes cannot be read; trying again', { error });
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    }
  }

  async #heard({ _id, queue: exchange, payload }: BroadcastDocument): Promise<void> {
    const id = _id.toHexString();
    if (this.#known.has(id)) return;
    if (this.#known.size >= rememberedIds) {
      this.#known = new Set([...this.#known].slice(rememberedIds / 2));
      await this.#bringer.clean();
    }
    this.#known.add(id);
    if (typeof payload !== 'string' || payload.endsWith(stored)) return;
    for (const queue of this.#bound.get(exchange) ?? []) {
      if (this.#consumed.has(queue)) await this.#bringer.bring(queue, _id, payload);
    }
  }

  #pause(pauseMs: number): Promise<void> {
    const { clock } = this.#parts;
    if (this.#isOver) return Promise.resolve();
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

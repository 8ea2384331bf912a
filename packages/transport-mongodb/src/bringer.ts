import { createHash } from 'node:crypto';
import type { Clock, ClockTimer, Logger } from '@kombu/core/spi';
import { ObjectId } from 'mongodb';
import type { Collections } from './documents.ts';
import { priorityOf } from './payload-priority.ts';

export interface BringerParts {
  readonly collections: Collections;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A message was put into a queue. */
  readonly arrived: (queue: string) => void;
}

/** DuplicateKey. */
const duplicateKey = 11_000;
/** After this time somebody looks whether the one who said so really brought the message, in milliseconds. */
const checkMs = 10_000;
/** How long it is remembered that a message was brought, in milliseconds. */
const rememberMs = 3_600_000;

/**
 * Puts a broadcast message into a queue, once, although several processes hear of it. The first one leaves a mark; the others look
 * later whether it went on living for long enough.
 */
export class Bringer {
  readonly #parts: BringerParts;
  readonly #checks = new Set<ClockTimer>();

  constructor(parts: BringerParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async bring(queue: string, id: ObjectId, payload: string): Promise<void> {
    const { collections, logger } = this.#parts;
    const hash = createHash('sha1').update(id.id).update(queue).digest();
    const _id = new ObjectId(Buffer.concat([id.id.subarray(0, 4), hash.subarray(0, 8)]));
    try {
      if (await isNew(collections.marks.insertOne({ _id, at: new Date(this.#parts.clock.now()), brought: false }))) {
        await this.#put(queue, _id, payload);
      } else this.#checkLater(queue, _id, payload);
    } catch (error) {
      logger.warn(`A broadcast message could not be put into the queue ${JSON.stringify(queue)}`, { error });
    }
  }

  /** Marks of long ago say nothing any more. */
  async clean(): Promise<void> {
    const end = new Date(this.#parts.clock.now() - rememberMs);
    await this.#parts.collections.marks.deleteMany({ at: { $lt: end } });
  }

  stop(): void {
    for (const timer of this.#checks) this.#parts.clock.clearTimeout(timer);
    this.#checks.clear();
  }

  async #put(queue: string, _id: ObjectId, payload: string): Promise<void> {
    const { messages, marks } = this.#parts.collections;
    await isNew(messages.insertOne({ _id, payload, queue, priority: 9 - priorityOf(payload) }));
    await marks.updateOne({ _id }, { $set: { brought: true } });
    this.#parts.arrived(queue);
  }

  #checkLater(queue: string, _id: ObjectId, payload: string): void {
    const { clock, collections, logger } = this.#parts;
    const check = async (): Promise<void> => {
      const mark = await collections.marks.findOne({ _id });
      if (mark && !mark.brought) await this.#put(queue, _id, payload);
    };
    const timer = clock.setTimeout(() => {
      this.#checks.delete(timer);
      check().catch((error: unknown) => {
        logger.debug('It could not be seen whether a broadcast message reached its queue', { error });
      });
    }, checkMs);
    timer.unref();
    this.#checks.add(timer);
  }
}

/** False when the document was there. */
async function isNew(inserted: Promise<unknown>): Promise<boolean> {
  try {
    await inserted;
    return true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === duplicateKey) return false;
    throw error;
  }
}

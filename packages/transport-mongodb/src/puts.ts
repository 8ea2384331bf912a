import { LimitExceededError, type OutgoingMessage, type PutFailure } from '@kombu/core/spi';
import { MongoBulkWriteError, ObjectId, type Collection } from 'mongodb';
import type { MessageDocument } from './documents.ts';
import type { QueueRecords } from './queue-records.ts';
import type { ServerClock } from './server-clock.ts';

/** A document takes 16 MiB; names and the other fields need some room too. */
export const maxPayloadBytes = 16_000_000;

/** Writes messages. */
export class Puts {
  readonly #messages: Collection<MessageDocument>;
  readonly #clock: ServerClock;
  readonly #records: QueueRecords | undefined;

  /** @param records with the option `ttl`. */
  constructor(messages: Collection<MessageDocument>, clock: ServerClock, records: QueueRecords | undefined) {
    this.#messages = messages;
    this.#clock = clock;
    this.#records = records;
  }

  /** Their ids are their order, and are given here. */
  async put(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly PutFailure[]> {
    const end = await this.#records?.endOfMessages(queue);
    const failures: PutFailure[] = [];
    const places: number[] = [];
    const documents: MessageDocument[] = [];
    for (const [index, message] of messages.entries()) {
      if (isTooLarge(message.payload)) failures.push({ index, error: tooLarge() });
      else {
        places.push(index);
        documents.push(this.#document(queue, message, end));
      }
    }
    if (documents.length === 0) return failures;
    for (const { index, ...failure } of await this.#insert(documents)) {
      failures.push({ ...failure, index: places[index] ?? index });
    }
    return failures;
  }

  async #insert(documents: readonly MessageDocument[]): Promise<readonly PutFailure[]> {
    try {
      await this.#messages.insertMany(documents, { ordered: false });
      return [];
    } catch (error) {
      // Anything else, a write concern that was not reached among them, says nothing of single messages.
      const errors = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
      if (errors.length === 0) throw error;
      return errors.map((each) => ({ index: each.index, error: each }));
    }
  }

  #document(
    queue: string,
    { payload, priority, delayMs, expiresAt }: OutgoingMessage,
    end: Date | null | undefined,
  ): MessageDocument {
    const [_id, rank] = [new ObjectId(), 9 - priority];
    const expire_at = this.#records && earlier(end ?? null, expiresAt === undefined ? null : new Date(expiresAt));
    const isTimed = expire_at !== undefined;
    if (delayMs === 0) return { _id, payload, queue, priority: rank, ...(isTimed && { expire_at }) };
    const lease_until = new Date(this.#clock.now() + delayMs);
    const delayed = { _id, payload, priority: rank, leased_from: queue, lease_until };
    return { ...delayed, ...(isTimed && { leased_expire_at: expire_at }) };
  }
}

/** UTF-8 needs three bytes for a character at the most. */
function isTooLarge(payload: string): boolean {
  return payload.length > maxPayloadBytes / 3 && Buffer.byteLength(payload) > maxPayloadBytes;
}

function tooLarge(): LimitExceededError {
  return new LimitExceededError(`A message may have ${maxPayloadBytes} bytes, for MongoDB takes no larger documents`);
}

function earlier(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}

import type { SettleOutcome, StoredMessage } from '@kombu/core/spi';
import { ObjectId, type Collection, type Filter, type UpdateFilter } from 'mongodb';
import type { MessageDocument } from './documents.ts';
import type { ServerClock } from './server-clock.ts';

/** One delivery of one message by this process. */
export interface Claim {
  readonly id: ObjectId;
  /** Shared by the messages that were claimed together; no two deliveries of a message have the same. */
  readonly token: ObjectId;
  /** When the lease ends, by the clock of the server. */
  until: number;
}

type Messages = Collection<MessageDocument>;
type Settle = (filter: Filter<MessageDocument>) => Promise<number>;

/** The order of Kombu. */
const inOrder = { priority: 1, _id: 1 } as const;

/** How often the messages that were seen may have been taken by others before one is taken whichever it is. */
const maxLostRaces = 3;

/** What makes a claimed or delayed message ready again. It stands where it stood, for place and priority are in the document. */
export const makeReady: UpdateFilter<MessageDocument> = {
  $rename: { leased_from: 'queue', leased_expire_at: 'expire_at' },
  $unset: { lease_token: '', lease_until: '' },
};

/**
 * Takes messages for a time, and ends that time in one way or the other. Each change of a document is atomic and says what the
 * document has to be like before, so that of several who want a message one gets it, and who lost it changes nothing.
 */
export class Claims {
  readonly #messages: Messages;
  readonly #clock: ServerClock;
  readonly #leaseMs: number;

  constructor(messages: Messages, clock: ServerClock, leaseMs: number) {
    this.#messages = messages;
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** Takes up to `max` messages. */
  async take(queue: string, max: number): Promise<readonly StoredMessage<Claim>[]> {
    const batch = max > 1 ? await this.#takeBatch(queue, max) : undefined;
    if (batch) return batch;
    for (;;) {
      const first = await this.#takeFirst(queue);
      if (first !== 'expired') return first;
    }
  }

  ack(claims: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    const remove: Settle = async (filter) => (await this.#messages.deleteMany(filter)).deletedCount;
    return this.#settle(claims, remove, (left) => left === undefined);
  }

  async renew(claims: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    const until = this.#until();
    const $set = { lease_until: new Date(until) };
    const extend: Settle = async (filter) => (await this.#messages.updateMany(filter, { $set })).matchedCount;
    const outcomes = await this.#settle(claims, extend, (left, { token }) => left?.lease_token?.equals(token) ?? false);
    for (const [index, claim] of claims.entries()) if (outcomes[index] === 'ok') claim.until = until;
    return outcomes;
  }

  release(claims: readonly Claim[], delayMs: number): Promise<readonly SettleOutcome[]> {
    const until = new Date(this.#clock.now() + delayMs);
    const update: UpdateFilter<MessageDocument> =
      delayMs === 0 ? makeReady : { $set: { lease_until: until }, $unset: { lease_token: '' } };
    const giveBack: Settle = async (filter) => (await this.#messages.updateMany(filter, update)).matchedCount;
    return this.#settle(claims, giveBack, (left) => left !== undefined && left.lease_token === undefined);
  }

  /** Undefined when others were faster each time. */
  async #takeBatch(queue: string, max: number): Promise<readonly StoredMessage<Claim>[] | undefined> {
    for (let lost = 0; lost < maxLostRaces; lost++) {
      const seen = await this.#messages
        .find({ queue }, { projection: { _id: 1 }, sort: inOrder, limit: max })
        .toArray();
      if (seen.length === 0) return [];
      const ids = seen.map(({ _id }) => _id);
      const taken = await this.#takeThese(queue, ids);
      if (taken.length > 0) return taken;
    }
    return undefined;
  }

  async #takeThese(queue: string, ids: readonly ObjectId[]): Promise<readonly StoredMessage<Claim>[]> {
    const [token, until] = [new ObjectId(), this.#until()];
    const { modifiedCount } = await this.#messages.updateMany({ _id: { $in: ids }, queue }, claimed(token, until));
    if (modifiedCount === 0) return [];
    const taken = await this.#messages.find({ _id: { $in: ids }, lease_token: token }, { sort: inOrder }).toArray();
    const expired = taken.filter((document) => this.#isExpired(document)).map(({ _id }) => _id);
    if (expired.length > 0) await this.#messages.deleteMany({ _id: { $in: expired }, lease_token: token });
    return taken.filter(({ _id }) => !expired.includes(_id)).map((document) => stored(document, token, until));
  }

  async #takeFirst(queue: string): Promise<readonly StoredMessage<Claim>[] | 'expired'> {
    const [token, until] = [new ObjectId(), this.#until()];
    const taken = await this.#messages.findOneAndUpdate({ queue }, claimed(token, until), {
      sort: inOrder,
      returnDocument: 'after',
    });
    if (!taken) return [];
    if (!this.#isExpired(taken)) return [stored(taken, token, until)];
    await this.#messages.deleteOne({ _id: taken._id, lease_token: token });
    return 'expired';
  }

  /** The server removes what is expired once a minute. Messages of ours say so themselves, and core sees to their end. */
  #isExpired({ leased_expire_at: end, payload }: MessageDocument): boolean {
    return end instanceof Date && end.getTime() <= this.#clock.now() && !String(payload).includes('"x-expires-at":');
  }

  #until(): number {
    return this.#clock.now() + this.#leaseMs;
  }

  /** One write for all that were claimed together; where it missed some, `isFine` judges by what is there afterwards. */
  async #settle(
    claims: readonly Claim[],
    write: Settle,
    isFine: (left: MessageDocument | undefined, claim: Claim) => boolean,
  ): Promise<readonly SettleOutcome[]> {
    const outcomes = new Map<Claim, SettleOutcome>();
    const settleGroup = async (group: readonly Claim[]): Promise<void> => {
      const ids = group.map(({ id }) => id);
      const count = await write({ _id: { $in: ids }, lease_token: group[0]?.token as ObjectId });
      const isMixed = count > 0 && count < group.length;
      const left = isMixed ? await this.#find(ids) : undefined;
      for (const claim of group) {
        const isOk = left ? isFine(left.get(claim.id.toHexString()), claim) : count > 0;
        outcomes.set(claim, isOk ? 'ok' : 'lease-lost');
      }
    };
    await Promise.all(this.#groups(claims).map(settleGroup));
    return claims.map((claim) => outcomes.get(claim) ?? 'ok');
  }

  /** Those whose lease may be lost go alone, for of what is gone nobody can tell whose it was. */
  #groups(claims: readonly Claim[]): readonly (readonly Claim[])[] {
    const soon = this.#clock.now() + this.#leaseMs / 10;
    const groups = new Map<string, Claim[]>();
    for (const claim of claims) {
      const key = claim.until > soon ? claim.token.toHexString() : claim.id.toHexString() + claim.token.toHexString();
      const group = groups.get(key);
      if (group) group.push(claim);
      else groups.set(key, [claim]);
    }
    return [...groups.values()];
  }

  async #find(ids: readonly ObjectId[]): Promise<ReadonlyMap<string, MessageDocument>> {
    const left = await this.#messages.find({ _id: { $in: ids } }, { projection: { lease_token: 1 } }).toArray();
    return new Map(left.map((document) => [document._id.toHexString(), document]));
  }
}

/** Renamed, for Python asks for `queue` only; and the server does not remove what is being worked at. */
function claimed(token: ObjectId, until: number): UpdateFilter<MessageDocument> {
  return {
    $rename: { queue: 'leased_from', expire_at: 'leased_expire_at' },
    $set: { lease_token: token, lease_until: new Date(until) },
    $inc: { deliveries: 1 },
  };
}

function stored(
  { _id, payload, deliveries = 1 }: MessageDocument,
  token: ObjectId,
  until: number,
): StoredMessage<Claim> {
  const message = { payload: String(payload), receipt: { id: _id, token, until } };
  return deliveries > 1 ? { ...message, redelivered: true, deliveryCount: deliveries - 1 } : message;
}

import { randomBytes } from 'node:crypto';
import type { SettleOutcome, StoredMessage } from '@kombu/core/spi';
import type { Keys, QueueKeys } from './keys.ts';
import type { RedisOptions } from './options.ts';
import { markRedelivered, readMark } from './redelivery.ts';
import { claim as claimScript } from './scripts/claim.ts';
import { release as releaseScript } from './scripts/release.ts';
import { renew as renewScript } from './scripts/renew.ts';
import { settle as settleScript } from './scripts/settle.ts';
import type { Servers } from './servers/servers.ts';
import { readRecord } from './unacked-record.ts';

/**
 * One delivery of one message by this process: a count, with the digit of the priority step behind it.
 *
 * In Redis it is recorded under the name `<queue hash>.<process>.<count>.<step>`. No two deliveries share one, so that whoever
 * lost a message cannot settle the delivery of another. It is not the message's delivery tag: the copies of a message in several
 * queues have the same.
 */
export type Claim = number;

/** How many messages one run of a script takes: a server does nothing else meanwhile. */
const maxPerRun = 500;

/** Takes messages for a time, and ends that time in one way or the other. */
export class Claims {
  readonly #servers: Servers;
  readonly #keys: Keys;
  readonly #options: RedisOptions;
  readonly #steps: string;
  readonly #owner = `${randomBytes(9).toString('base64url')}.`;
  /** Added to the time, it is the score of a message whose lease begins now, in seconds. */
  readonly #toScore: number;
  #count = 0;

  constructor(servers: Servers, keys: Keys, options: RedisOptions) {
    this.#servers = servers;
    this.#keys = keys;
    this.#options = options;
    this.#steps = keys.steps.join('');
    // Whoever restores goes by score + visibility timeout, Python processes too: this is when the lease ends.
    this.#toScore = (options.leaseMs - options.visibilityTimeout) / 1000;
  }

  /**
   * Takes up to `max` messages.
   *
   * @param arm When there is none, the server is told to watch the queue, in the same step.
   */
  async take(keys: QueueKeys, max: number, noAck: boolean, arm: boolean): Promise<readonly StoredMessage<Claim>[]> {
    if (max <= maxPerRun) return this.#take(keys, max, noAck, arm);
    const messages: StoredMessage<Claim>[] = [];
    for (let isMore = true; isMore && messages.length < max;) {
      const count = Math.min(max - messages.length, maxPerRun);
      const some = await this.#take(keys, count, noAck, arm && messages.length === 0).catch((error: unknown) => {
        // What was taken before is not to be lost with what was not.
        if (messages.length === 0) throw error;
        return [];
      });
      messages.push(...some);
      isMore = some.length === count;
    }
    return messages;
  }

  async ack(keys: QueueKeys, claims: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    const lost = await this.#servers.run(settleScript, [keys.unacked, keys.unackedIndex], this.#names(keys, claims));
    return outcomes(claims, lost);
  }

  async renew(keys: QueueKeys, claims: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    const lost = await this.#servers.run(
      renewScript,
      [keys.unackedIndex],
      [this.#toScore, ...this.#names(keys, claims)],
    );
    return outcomes(claims, lost);
  }

  /** The texts are not kept while a message is with its consumer: they are read when one is given back. */
  async release(keys: QueueKeys, claims: readonly Claim[], delayMs: number): Promise<readonly SettleOutcome[]> {
    const { unacked, unackedIndex, delayed, lists } = keys;
    // Those taken last go back first, so that all of them stand in their old order.
    const newestFirst = claims.map((claim, place) => ({ claim, place })).toSorted((a, b) => b.claim - a.claim);
    const ordered = newestFirst.map(({ claim }) => claim);
    const names = this.#names(keys, ordered);
    const read = { name: 'HMGET', key: unacked, args: [unacked, ...names], binary: true };
    const records = (await this.#servers.call(read)) as readonly (Buffer | null)[];
    const args = names.flatMap((name, index) => {
      const record = readRecord(records[index]?.toString('latin1') ?? '');
      const text = record ? markRedelivered(record.payload) : '';
      const step = stepOf(ordered[index] as Claim);
      const kept = delayMs > 0 && text !== '' ? `${step}:${name}:${text}` : text;
      return [name, this.#keys.steps.indexOf(step) + 1, Buffer.from(kept, 'latin1')];
    });
    const lost = await this.#servers.run(releaseScript, [unacked, unackedIndex, delayed, ...lists], [delayMs, ...args]);
    const result: SettleOutcome[] = [];
    for (const [index, outcome] of outcomes(ordered, lost).entries()) {
      result[newestFirst[index]?.place as number] = outcome;
    }
    return result;
  }

  /** Forgets all that is taken from a queue, by whomever. */
  async dropAll({ unacked, unackedIndex, claimPrefix }: QueueKeys): Promise<void> {
    if (!this.#options.ackEmulation) return;
    let cursor = '0';
    do {
      const args = [unackedIndex, cursor, 'MATCH', `${claimPrefix}*`, 'COUNT', 1000];
      const reply = await this.#servers.call({ name: 'ZSCAN', key: unackedIndex, args });
      const [next, found] = reply as readonly [string, readonly string[]];
      const names = found.filter((_, index) => index % 2 === 0);
      if (names.length > 0) await this.#servers.run(settleScript, [unacked, unackedIndex], names);
      cursor = next;
    } while (cursor !== '0');
  }

  async #take(keys: QueueKeys, max: number, noAck: boolean, arm: boolean): Promise<StoredMessage<Claim>[]> {
    const keep = !noAck && this.#options.ackEmulation;
    const prefix = keys.claimPrefix + this.#owner;
    const first = this.#count;
    this.#count += max;
    const reply = (await this.#servers.run(
      claimScript,
      [...keys.lists, keys.unacked, keys.unackedIndex],
      [max, this.#toScore, prefix, first, this.#steps, keep ? keys.recordEnd : '', arm ? '1' : '0'],
    )) as readonly (number | readonly string[])[];
    const messages: StoredMessage<Claim>[] = [];
    for (let place = 0; place < reply.length; place += 2) {
      const step = this.#keys.steps[reply[place] as number] as number;
      for (const text of reply[place + 1] as readonly string[]) {
        messages.push(stored(text, keep ? (first + messages.length) * 10 + step : undefined));
      }
    }
    return messages;
  }

  #names({ claimPrefix }: QueueKeys, claims: readonly Claim[]): string[] {
    const prefix = claimPrefix + this.#owner;
    return claims.map((claim) => `${prefix}${String(Math.floor(claim / 10)).padStart(12, '0')}.${stepOf(claim)}`);
  }
}

function stepOf(claim: Claim): number {
  return claim % 10;
}

function stored(text: string, receipt: Claim | undefined): StoredMessage<Claim> {
  const { payload, deliveryCount } = readMark(text);
  // Without acks core has no use for a receipt, and its type none for its absence.
  const message = { payload, receipt: receipt as Claim };
  return deliveryCount === undefined ? message : { ...message, redelivered: true, deliveryCount };
}

function outcomes(claims: readonly Claim[], lost: unknown): SettleOutcome[] {
  const result: SettleOutcome[] = claims.map(() => 'ok');
  for (const place of lost as readonly number[]) result[place] = 'lease-lost';
  return result;
}

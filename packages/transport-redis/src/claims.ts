import { randomBytes } from 'node:crypto';
import type { SettleOutcome, StoredMessage } from '@kombu/core/spi';
import type { Keys, QueueKeys } from './keys.ts';
import type { RedisOptions } from './options.ts';
import { markRedelivered, readMark } from './redelivery.ts';
import { claim } from './scripts/claim.ts';
import { release } from './scripts/release.ts';
import { renew } from './scripts/renew.ts';
import { settle } from './scripts/settle.ts';
import type { Servers } from './servers/servers.ts';
import { readRecord } from './unacked-record.ts';

/**
 * The name of one delivery of one message, under which it is recorded as unacked: `<queue hash>.<store>.<number>.<step>`. No
 * two deliveries share one, so that whoever lost a message cannot settle the delivery of another. It is not the message's
 * delivery tag: the copies of a message in several queues have the same.
 */
export type Claim = string;

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
  async take(keys: QueueKeys, max: number, noAck: boolean, arm: boolean): Promise<StoredMessage<Claim>[]> {
    const messages = await this.#take(keys, Math.min(max, maxPerRun), noAck, arm);
    while (messages.length < max && messages.length % maxPerRun === 0 && messages.length > 0) {
      const more = await this.#take(keys, Math.min(max - messages.length, maxPerRun), noAck, false);
      if (more.length === 0) break;
      messages.push(...more);
    }
    return messages;
  }

  async ack(keys: QueueKeys, claims: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    const lost = await this.#servers.run(settle, [keys.unacked, keys.unackedIndex], claims);
    return outcomes(claims, lost);
  }

  async renew(keys: QueueKeys, claims: readonly Claim[]): Promise<readonly SettleOutcome[]> {
    const lost = await this.#servers.run(renew, [keys.unackedIndex], [this.#toScore, ...claims]);
    return outcomes(claims, lost);
  }

  /** The texts are not kept while a message is with its consumer: they are read when one is given back. */
  async release(keys: QueueKeys, claims: readonly Claim[], delayMs: number): Promise<readonly SettleOutcome[]> {
    const { unacked, unackedIndex, delayed, lists } = keys;
    const read = { name: 'HMGET', key: unacked, args: [unacked, ...claims], binary: true };
    const records = (await this.#servers.call(read)) as readonly (Buffer | null)[];
    const args = newestFirst(claims).flatMap(({ claim: name, place }) => {
      const record = readRecord(records[place]?.toString('latin1') ?? '');
      const text = record ? markRedelivered(record.payload) : '';
      const step = Number(name.at(-1));
      const kept = delayMs > 0 && text !== '' ? `${step}:${name}:${text}` : text;
      return [name, this.#keys.steps.indexOf(step) + 1, Buffer.from(kept, 'latin1')];
    });
    const lost = await this.#servers.run(release, [unacked, unackedIndex, delayed, ...lists], [delayMs, ...args]);
    const ordered = outcomes(claims, lost);
    const result: SettleOutcome[] = [];
    for (const [index, { place }] of newestFirst(claims).entries()) result[place] = ordered[index] ?? 'ok';
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
      const claims = found.filter((_, index) => index % 2 === 0);
      if (claims.length > 0) await this.#servers.run(settle, [unacked, unackedIndex], claims);
      cursor = next;
    } while (cursor !== '0');
  }

  async #take(keys: QueueKeys, max: number, noAck: boolean, arm: boolean): Promise<StoredMessage<Claim>[]> {
    const keep = !noAck && this.#options.ackEmulation;
    const prefix = keys.claimPrefix + this.#owner;
    const first = this.#count;
    this.#count += max;
    const reply = (await this.#servers.run(
      claim,
      [...keys.lists, keys.unacked, keys.unackedIndex],
      [max, this.#toScore, prefix, first, this.#steps, keep ? keys.recordEnd : '', arm ? '1' : '0'],
    )) as readonly (number | readonly string[])[];
    const messages: StoredMessage<Claim>[] = [];
    for (let place = 0; place < reply.length; place += 2) {
      const step = this.#steps[reply[place] as number];
      for (const text of reply[place + 1] as readonly string[]) {
        const number = String(first + messages.length).padStart(12, '0');
        messages.push(stored(text, keep ? `${prefix}${number}.${step}` : undefined));
      }
    }
    return messages;
  }
}

function stored(text: string, receipt: Claim | undefined): StoredMessage<Claim> {
  const { payload, deliveryCount } = readMark(text);
  // Without acks core has no use for a receipt, and its type none for its absence.
  const message = { payload, receipt: receipt as Claim };
  return deliveryCount === undefined ? message : { ...message, redelivered: true, deliveryCount };
}

/** Those taken last go back first, so that all of them stand in their old order. */
function newestFirst(claims: readonly Claim[]): readonly { readonly claim: Claim; readonly place: number }[] {
  const places = claims.map((claim, place) => ({ claim, place }));
  return places.toSorted((a, b) => (a.claim < b.claim ? 1 : -1));
}

function outcomes(claims: readonly Claim[], lost: unknown): SettleOutcome[] {
  const result: SettleOutcome[] = claims.map(() => 'ok');
  for (const place of lost as readonly number[]) result[place] = 'lease-lost';
  return result;
}

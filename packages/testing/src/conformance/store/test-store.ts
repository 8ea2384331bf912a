import assert from 'node:assert/strict';
import type {
  GetOptions,
  OutgoingMessage,
  PutFailure,
  QueueStore,
  SettleOutcome,
  StoredMessage,
} from '@kombu/core/spi';
import type { StoreTest } from './store-test.ts';

/** A message as it comes out of whatever store is tested. */
export type Taken = StoredMessage<unknown>;

/** A payload on its way into a store, without priority, delay or end unless they are given. */
export function outgoing(payload: string, parts: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { payload, priority: 0, delayMs: 0, expiresAt: undefined, properties: {}, ...parts };
}

/** A store in the hands of a case: short to call, and no call waits for ever. */
export class TestStore {
  /** The store itself, for calls that should not be awaited one by one. */
  readonly raw: QueueStore;
  readonly #t: StoreTest;

  constructor(t: StoreTest, raw: QueueStore) {
    this.#t = t;
    this.raw = raw;
  }

  /** Makes the queue where the store wants that. */
  async declare(name: string): Promise<void> {
    const declaration = { name, durable: true, exclusive: false, autoDelete: false, arguments: {}, passive: false };
    if (this.raw.declare) await this.#wait(this.raw.declare(declaration), `declare(${name})`);
  }

  /** Puts one batch and expects that all of it got in. */
  async put(queue: string, ...messages: readonly (string | OutgoingMessage)[]): Promise<void> {
    assert.deepEqual(await this.tryPut(queue, ...messages), [], 'messages that did not get in');
  }

  /** Puts one batch; resolves to what did not get in. */
  async tryPut(queue: string, ...messages: readonly (string | OutgoingMessage)[]): Promise<readonly PutFailure[]> {
    const batch = messages.map((each) => (typeof each === 'string' ? outgoing(each) : each));
    return (await this.#wait(this.raw.put(queue, batch), `put(${queue}, ${batch.length} messages)`)) ?? [];
  }

  /** Looks once, for one message and without waiting unless told otherwise. */
  async get(queue: string, options: Partial<GetOptions> = {}): Promise<readonly Taken[]> {
    const full = { max: 1, waitMs: 0, noAck: false, signal: new AbortController().signal, ...options };
    const taken = await this.#wait(this.raw.get(queue, full), `get(${queue}, max ${full.max}, wait ${full.waitMs} ms)`);
    assert.ok(taken.length <= full.max, `get returned ${taken.length} messages, asked for at most ${full.max}`);
    return taken;
  }

  /** Looks until there is a message. */
  async take(queue: string, options: Partial<GetOptions> = {}, maxMs?: number): Promise<Taken> {
    const ask = async (): Promise<Taken | undefined> => (await this.get(queue, options))[0];
    return this.#t.poll(ask, `a message in ${queue}`, maxMs);
  }

  /** Looks until there are so many messages. */
  async takeMany(queue: string, count: number, options: Partial<GetOptions> = {}): Promise<readonly Taken[]> {
    const taken: Taken[] = [];
    while (taken.length < count) {
      const max = Math.min(options.max ?? 10, count - taken.length);
      const more = async (): Promise<readonly Taken[] | undefined> => {
        const got = await this.get(queue, { ...options, max });
        return got.length > 0 ? got : undefined;
      };
      taken.push(...(await this.#t.poll(more, `message ${taken.length + 1} of ${count} in ${queue}`)));
    }
    return taken;
  }

  /** Takes `count` payloads out for good; fails when there are fewer or more. */
  async drain(queue: string, count: number): Promise<readonly string[]> {
    const taken = await this.takeMany(queue, count);
    if (count > 0) await this.ack(queue, ...taken);
    await this.empty(queue);
    return taken.map((each) => each.payload);
  }

  /** Fails when the queue has a ready message. */
  async empty(queue: string): Promise<void> {
    await this.#t.settle();
    const [extra] = await this.get(queue);
    if (extra) assert.fail(`${queue} should have no ready message, but has ${JSON.stringify(extra.payload)}`);
  }

  /** Acks and expects `ok` for all. */
  async ack(queue: string, ...taken: readonly Taken[]): Promise<void> {
    const outcomes = await this.ackOutcomes(queue, ...taken);
    assert.deepEqual(
      outcomes,
      taken.map(() => 'ok'),
      'outcomes of the acks',
    );
  }

  async ackOutcomes(queue: string, ...taken: readonly Taken[]): Promise<readonly SettleOutcome[]> {
    const receipts = taken.map((each) => each.receipt);
    return outcomesOf(taken, await this.#wait(this.raw.ack(queue, receipts), `ack(${queue})`));
  }

  async release(queue: string, taken: readonly Taken[], delayMs = 0): Promise<readonly SettleOutcome[]> {
    const receipts = taken.map((each) => each.receipt);
    const answer = this.raw.release?.(queue, receipts, { delayMs });
    return outcomesOf(taken, await this.#wait(answer ?? missing('release'), `release(${queue})`));
  }

  async renew(queue: string, ...taken: readonly Taken[]): Promise<readonly SettleOutcome[]> {
    const receipts = taken.map((each) => each.receipt);
    const answer = this.raw.renew?.(queue, receipts);
    return outcomesOf(taken, await this.#wait(answer ?? missing('renew'), `renew(${queue})`));
  }

  size(queue: string): Promise<number> {
    return this.#wait(this.raw.size(queue), `size(${queue})`);
  }

  purge(queue: string): Promise<number> {
    return this.#wait(this.raw.purge(queue), `purge(${queue})`);
  }

  deleteQueue(queue: string): Promise<void> {
    return this.#wait(this.raw.delete(queue), `delete(${queue})`);
  }

  close(): Promise<void> {
    return this.#wait(this.raw.close(), 'close()');
  }

  #wait<T>(promise: Promise<T>, what: string): Promise<T> {
    return this.#t.wait(promise, what);
  }
}

function missing(member: string): never {
  assert.fail(`the store has no ${member}`);
}

/** Nothing returned means all ok; otherwise there is one outcome per receipt. */
function outcomesOf(taken: readonly Taken[], answer: void | readonly SettleOutcome[]): readonly SettleOutcome[] {
  if (!answer) return taken.map(() => 'ok');
  assert.equal(answer.length, taken.length, 'one outcome per receipt');
  return answer;
}

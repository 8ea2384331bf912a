import type { OutgoingMessage, PutFailure, QueueStore, StoredMessage } from '@kombu/core/spi';

import { FaultScript } from '../../src/fault/fault-script.ts';
import type { StoreFaultRule } from '../../src/fault/faulty-store.ts';
import { faultyStore } from '../../src/fault/faulty-store.ts';
import * as faults from '../../src/fault/faults.ts';
import { Gate } from '../../src/fault/gate.ts';
import { seeded } from '../../src/fault/random.ts';
import { ManualClock } from '../../src/manual-clock.ts';

/** The least store that the SPI allows; private fields show whether methods are called on the right object. */
class TinyStore implements QueueStore<number> {
  readonly acked: number[] = [];
  readonly calls: string[] = [];
  readonly #queues = new Map<string, string[]>();

  async put(queue: string, messages: readonly OutgoingMessage[]): Promise<void> {
    this.calls.push('put');
    this.#queues.set(queue, [...this.#all(queue), ...messages.map(({ payload }) => payload)]);
  }
  async get(queue: string): Promise<readonly StoredMessage<number>[]> {
    return this.#all(queue).map((payload, receipt) => ({ payload, receipt }));
  }
  async ack(_queue: string, receipts: readonly number[]): Promise<void> {
    this.calls.push('ack');
    this.acked.push(...receipts);
  }
  async size(queue: string): Promise<number> {
    return this.#all(queue).length;
  }
  async purge(queue: string): Promise<number> {
    const count = this.#all(queue).length;
    this.#queues.delete(queue);
    return count;
  }
  async delete(queue: string): Promise<void> {
    this.#queues.delete(queue);
  }
  async close(): Promise<void> {}

  #all(queue: string): string[] {
    return this.#queues.get(queue) ?? [];
  }
}

class RichStore extends TinyStore {
  #lease = 30_000;
  readonly closed: Promise<Error | undefined> = Promise.resolve(undefined);
  readonly bindings: NonNullable<QueueStore['bindings']> = {
    add: async () => void this.calls.push('bind'),
    remove: async () => {},
    list: async () => [],
    removeQueue: async () => {},
  };
  get leaseMs(): number {
    return this.#lease;
  }
  watch(queue: string, wake: () => void): () => void {
    this.calls.push(`watch ${queue} ${this.#lease}`);
    return wake;
  }
  async renew(): Promise<void> {
    this.calls.push('renew');
  }
  unwrap(): unknown {
    return this;
  }
}

const message = (payload: string): OutgoingMessage => ({
  payload,
  priority: 0,
  delayMs: 0,
  expiresAt: undefined,
  properties: {},
});

const noop = (): void => {};

const connectionLost = { code: 'CONNECTION_LOST' };

/** Has the promise settled, once all promise work is done? */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => void (settled = true);
  promise.then(settle, settle);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('faultyStore', () => {
  it('is the store itself where no rule fits', async () => {
    const store = faultyStore(new TinyStore(), [{ method: 'ack', fault: faults.failBefore() }]);
    await store.put('q', [message('a'), message('b')]);
    expect(await store.size('q')).toBe(2);
    expect(
      (await store.get('q', { max: 9, waitMs: 0, noAck: false, signal: new AbortController().signal }))[0],
    ).toEqual({
      payload: 'a',
      receipt: 0,
    });
    expect(await store.purge('q')).toBe(2);
    await store.close();
  });

  it('lacks what the store lacks, also a frozen one', () => {
    const optional = [
      'declare',
      'exists',
      'release',
      'renew',
      'leaseMs',
      'watch',
      'bindings',
      'closed',
      'unwrap',
    ] as const;
    for (const inner of [new TinyStore(), Object.freeze(new TinyStore())]) {
      const store = faultyStore(inner, []);
      expect(optional.filter((key) => store[key] !== undefined || key in store)).toEqual([]);
    }
  });

  it('keeps the optional members that the store has', async () => {
    const inner = Object.freeze(new RichStore());
    const store = faultyStore(inner, [{ method: 'bindings.add', fault: faults.failAfter() }]);
    const present = ['renew', 'leaseMs', 'watch', 'bindings', 'closed', 'unwrap'] as const;
    expect(present.filter((key) => store[key] === undefined || !(key in store))).toEqual([]);
    expect(store.leaseMs).toBe(30_000);
    expect(store.unwrap?.()).toBe(inner);
    expect(store.closed).toBe(inner.closed);
    expect(store.watch?.('q', noop)).toBe(noop);
    const binding = {
      exchange: 'e',
      destination: 'q',
      destinationType: 'queue',
      routingKey: '',
      arguments: {},
    } as const;
    await expect(store.bindings?.add(binding, 'direct')).rejects.toMatchObject(connectionLost);
    expect(await store.bindings?.list('e', 'direct')).toEqual([]);
    expect(inner.calls).toEqual(['watch q 30000', 'bind']);
  });

  it('fails before: nothing is done', async () => {
    const inner = new TinyStore();
    const store = faultyStore(inner, [{ method: 'put', fault: faults.failBefore(() => new Error('mine')) }]);
    await expect(store.put('q', [message('a')])).rejects.toThrow('mine');
    expect(inner.calls).toEqual([]);
  });

  it('fails after: it is done, and the answer is lost', async () => {
    const inner = new TinyStore();
    const store = faultyStore(inner, [{ method: ['put', 'ack'], fault: faults.failAfter() }]);
    await expect(store.put('q', [message('a')])).rejects.toMatchObject(connectionLost);
    await expect(store.ack('q', [7])).rejects.toThrow('during ack');
    expect(await inner.size('q')).toBe(1);
    expect(inner.acked).toEqual([7]);
  });

  it('delays the request or the answer on the given clock', async () => {
    const clock = new ManualClock();
    const inner = new TinyStore();
    const rules: StoreFaultRule[] = [
      { method: 'put', fault: faults.delayRequest(100) },
      { method: 'ack', fault: faults.delayAnswer(100) },
    ];
    const store = faultyStore(inner, rules, { clock });
    const [put, ack] = [store.put('q', []), store.ack('q', [1])];
    await clock.advance(99);
    expect(inner.calls).toEqual(['ack']);
    expect([await isSettled(put), await isSettled(ack)]).toEqual([false, false]);
    await clock.advance(1);
    await Promise.all([put, ack]);
    expect(inner.calls).toEqual(['ack', 'put']);
  });

  it('hangs the request or the answer until it is let go', async () => {
    const gate = new Gate();
    gate.shut();
    const inner = new TinyStore();
    const store = faultyStore(inner, [
      { method: 'put', fault: faults.hangBefore(gate) },
      { method: 'ack', fault: faults.hangAfter(gate) },
    ]);
    const [put, ack] = [store.put('q', []), store.ack('q', [1])];
    expect([await isSettled(put), await isSettled(ack)]).toEqual([false, false]);
    expect(inner.calls).toEqual(['ack']);
    gate.open();
    await Promise.all([put, ack]);
    expect(inner.calls).toEqual(['ack', 'put']);
  });

  it('lets a part of a put fail, and keeps the places of failures of the store itself', async () => {
    const inner = new TinyStore();
    const own: PutFailure = { index: 1, error: 'own' };
    const innerPut = inner.put.bind(inner);
    inner.put = async (queue, messages) => {
      await innerPut(queue, messages);
      return [own] as never;
    };
    const store = faultyStore(inner, [{ method: 'put', fault: faults.partialPut((index) => index % 2 === 0) }]);
    const failures = await store.put('q', ['a', 'b', 'c', 'd', 'e'].map(message));
    expect(failures).toHaveLength(4);
    expect(failures).toEqual(expect.arrayContaining([{ index: 0, error: expect.objectContaining(connectionLost) }]));
    // The second of those that were put was the fourth of all.
    expect(failures).toContainEqual({ index: 3, error: 'own' });
    expect(await inner.size('q')).toBe(2);
  });

  it('does not call the store when no message of a put gets in', async () => {
    const inner = new TinyStore();
    const store = faultyStore(inner, [{ method: 'put', fault: faults.partialPut(() => true) }]);
    expect(await store.put('q', [message('a')])).toHaveLength(1);
    expect(inner.calls).toEqual([]);
  });

  it('answers with wrong outcomes, with or without doing it', async () => {
    const inner = new TinyStore();
    const store = faultyStore(inner, [
      { method: 'ack', times: 1, fault: faults.changeAnswer(() => ['lease-lost']) },
      { method: 'ack', skip: 1, fault: faults.pretend(() => ['lease-lost', 'lease-lost']) },
    ]);
    expect(await store.ack('q', [1])).toEqual(['lease-lost']);
    expect(await store.ack('q', [2, 3])).toEqual(['lease-lost', 'lease-lost']);
    expect(inner.acked).toEqual([1]);
  });
});

const fault = faults.failBefore();

function call(script: FaultScript, method = 'put', ...args: unknown[]): Promise<unknown> {
  return script.run(method, args, async () => 'done').catch(() => 'failed');
}

/** A dot for each call that went through, an x for each that did not. */
async function calls(script: FaultScript, count: number): Promise<string> {
  let answers = '';
  for (let index = 0; index < count; index++) answers += (await call(script)) === 'done' ? '.' : 'x';
  return answers;
}

function randomCalls(seed: number): Promise<string> {
  return calls(new FaultScript([{ method: 'put', fault, chance: 0.3 }], { random: seeded(seed) }), 200);
}

describe('FaultScript', () => {
  it('skips the first calls and strikes so many times', async () => {
    const script = new FaultScript([{ method: 'put', fault, skip: 2, times: 3 }]);
    await call(script, 'ack');
    expect(await calls(script, 7)).toBe('..xxx..');
  });

  it('strikes by chance, the same way for the same seed', async () => {
    const [one, again, other] = await Promise.all([randomCalls(5), randomCalls(5), randomCalls(6)]);
    expect(one).toBe(again);
    expect(one).not.toBe(other);
    const struck = one.replaceAll('.', '').length;
    expect(struck).toBeGreaterThan(30);
    expect(struck).toBeLessThan(90);
  });

  it('looks at arguments, and counts only calls that fit', async () => {
    const script = new FaultScript([{ method: 'put', fault, skip: 1, match: ([queue]) => queue === 'a' }]);
    const answers = [await call(script, 'put', 'a'), await call(script, 'put', 'b'), await call(script, 'put', 'a')];
    expect(answers).toEqual(['done', 'done', 'failed']);
  });

  it('reads the rules on each call, and tells of each strike', async () => {
    const rules: { method: string; fault: typeof fault }[] = [];
    const struck: string[] = [];
    const script = new FaultScript(rules, { onFault: ({ method }) => struck.push(method) });
    const first = await calls(script, 2);
    rules.push({ method: 'put', fault });
    const second = await calls(script, 2);
    rules.pop();
    expect([first, second, await calls(script, 2)]).toEqual(['..', 'xx', '..']);
    expect(struck).toEqual(['put', 'put']);
  });

  it('nests several faults of one call, the first outermost', async () => {
    const clock = new ManualClock({ startAt: 0 });
    const rules = [
      { method: 'put', fault: faults.delayAnswer(10) },
      { method: 'put', fault: faults.delayRequest(5) },
      { method: 'put', fault: faults.changeAnswer((answer) => `${String(answer)}!`) },
    ];
    const script = new FaultScript(rules, { clock });
    let doneAt = -1;
    const answer = script.run('put', [], async () => {
      doneAt = clock.now();
      return 'done';
    });
    expect(await clock.advanceUntil(answer, 100)).toBe('done!');
    expect([doneAt, clock.now()]).toEqual([5, 15]);
  });
});

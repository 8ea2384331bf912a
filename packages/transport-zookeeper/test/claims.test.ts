import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Connection, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { zookeeperTransport } from '../src/index.ts';
import type { ZooKeeperStore } from '../src/store.ts';
import { outgoing, payloadsOf, receiptsOf, take } from './support/messages.ts';
import { connectRaw, type Raw } from './support/raw.ts';
import { inNewRoot, openTestStore } from './support/stores.ts';
import { never, until } from '@kombu/test-kit';

interface Golden {
  readonly entries: readonly { readonly name: string; readonly data: string }[];
}

await describeService('zookeeper', 'messages in ZooKeeper', (zookeeper) => {
  const url = inNewRoot(zookeeper.url);
  let raw: Raw;
  let store: ZooKeeperStore;
  let other: ZooKeeperStore;
  beforeAll(async () => {
    raw = await connectRaw(url);
  });
  afterAll(() => raw.close());
  beforeEach(async () => {
    [store, other] = await Promise.all([openTestStore(url), openTestStore(url)]);
  });
  afterEach(async () => {
    await other.delete('q').catch(() => undefined);
    await Promise.all([store.close(), other.close()]);
  });

  it('stand where Kombu looks for them, and go to the claims of who takes them', async () => {
    await store.put('q', [outgoing('low'), outgoing('high', { priority: 9 }), outgoing('middle', { priority: 3 })]);
    expect(await raw.children('q')).toEqual(['entry-000-0000000001', 'entry-006-0000000002', 'entry-009-0000000000']);
    expect(await raw.data('q/entry-006-0000000002')).toBe('middle');
    const [taken] = await take(store, 'q', 1);
    expect(taken).toMatchObject({ payload: 'high', receipt: 'entry-000-0000000001@q', redelivered: false });
    expect(await raw.children('q')).toEqual(['entry-006-0000000002', 'entry-009-0000000000']);
    const owners = await raw.children('.kombu/owners');
    const claims = await Promise.all(owners.map((owner) => raw.children(`.kombu/claims/${owner}`)));
    expect(claims.flat()).toEqual(['entry-000-0000000001@q']);
  });

  it('are read as Kombu wrote them', async () => {
    const file = join(import.meta.dirname, 'golden/kombu.json');
    const { entries } = JSON.parse(readFileSync(file, 'utf8')) as Golden;
    const options = { transport: zookeeperTransport };
    await using connection = new Connection(url, options);
    const queue = new Queue('golden');
    const channel = await connection.channel();
    await queue.declare(channel);
    // The names have the numbers of their puts.
    const inOrderOfPuts = entries.toSorted((a, b) => (a.name.slice(-10) < b.name.slice(-10) ? -1 : 1));
    for (const { name, data } of inOrderOfPuts) {
      const priority = 9 - Number(name.slice(6, 9));
      expect(await raw.put('golden', data, priority)).toMatch(new RegExp(`/golden/${name}$`));
    }
    const bodies: unknown[] = [];
    for (let message = await queue.get(channel); message; message = await queue.get(channel)) {
      bodies.push(message.payload);
      expect(message.headers).toEqual({ h: 1 });
      expect(message.deliveryInfo).toMatchObject({ exchange: 'stock', routingKey: 'new', redelivered: false });
      await message.ack();
    }
    expect(bodies).toEqual(['urgent', { hello: 'wörld' }, [1, null], 'first']);
  });

  it('that are given back stand where they stood, and count', async () => {
    await store.put('q', [outgoing('a'), outgoing('b'), outgoing('c')]);
    const taken = await take(store, 'q', 2);
    expect(await store.release('q', receiptsOf(taken))).toEqual(['ok', 'ok']);
    expect(await raw.children('q')).toEqual([
      'entry-009-0000000000.1',
      'entry-009-0000000001.1',
      'entry-009-0000000002',
    ]);
    const again = await take(other, 'q');
    expect(again.map(({ payload, deliveryCount }) => [payload, deliveryCount])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 0],
    ]);
  });

  it('come back when their owner is gone, whoever reads what', async () => {
    await store.put('q', [outgoing('a'), outgoing('b'), outgoing('c')]);
    await take(store, 'q', 2);
    // As a process that dies: nobody says goodbye, and the server ends the session.
    const held = await openTestStore(url, { sessionTimeout: 1000 });
    expect(payloadsOf(await take(held, 'q', 1))).toEqual(['c']);
    (held.unwrap() as { connectionManager: { socket: { destroy(): void } } }).connectionManager.socket.destroy();
    expect(await held.closed).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(
      await held.get('q', { max: 1, waitMs: 0, noAck: false, signal: never }).catch((error: unknown) => error),
    ).toMatchObject({ code: 'CONNECTION_LOST' });
    await until('the message of the dead', async () => (await raw.children('q')).length === 1);
    expect(await raw.children('q')).toEqual(['entry-009-0000000002.1']);
    await store.close();
    await until('those of the closed', async () => (await raw.children('q')).length === 3);
    const back = await take(other, 'q');
    expect(back.map(({ payload, redelivered }) => [payload, redelivered])).toEqual([
      ['a', true],
      ['b', true],
      ['c', true],
    ]);
    expect(await raw.children('.kombu/claims')).toEqual(await raw.children('.kombu/owners'));
  });

  it('come back to a queue that Python deleted, also when it made it anew', async () => {
    await store.put('q', [outgoing('a')]);
    const taken = await take(store, 'q');
    await raw.remove('q');
    expect(await store.release('q', receiptsOf(taken))).toEqual(['ok']);
    expect(await raw.children('q')).toEqual(['entry-009-0000000000.1']);

    const again = await take(store, 'q');
    await raw.remove('q');
    await other.put('q', [outgoing('b')]);
    expect(await store.release('q', receiptsOf(again))).toEqual(['ok']);
    expect(payloadsOf(await take(other, 'q'))).toEqual(['b', 'a']);
  });

  it('are settled by nobody else: whoever lost a claim is told so', async () => {
    await store.put('q', [outgoing('a'), outgoing('b')]);
    const taken = await take(store, 'q');
    const owners = await raw.children('.kombu/claims');
    for (const owner of owners)
      await raw.remove(`.kombu/claims/${owner}/entry-009-0000000000@q`).catch(() => undefined);
    expect(await other.ack('q', receiptsOf(taken))).toEqual(['lease-lost', 'lease-lost']);
    expect(await store.ack('q', receiptsOf(taken))).toEqual(['lease-lost', 'ok']);
  });

  it('end the session of a process that somebody else takes for dead', async () => {
    const before = new Set(await raw.children('.kombu/owners'));
    const lost = await openTestStore(url);
    const [owner = ''] = (await raw.children('.kombu/owners')).filter((each) => !before.has(each));
    await raw.remove(`.kombu/owners/${owner}`);
    expect(await lost.closed).toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining(owner) as string,
    });
    await lost.close();
  });

  it('of others in the queue are left alone', async () => {
    await store.put('q', [outgoing('a')]);
    await store.put('q/part', [outgoing('b')]);
    expect(await store.size('q')).toBe(1);
    expect(payloadsOf(await take(store, 'q'))).toEqual(['a']);
    await store.delete('q');
    expect(payloadsOf(await take(store, 'q/part'))).toEqual(['b']);
    await store.delete('q/part');
  });

  it('that can be read and not be moved stay, and the rest goes on', async () => {
    const errors: string[] = [];
    const log = { debug() {}, info() {}, warn() {}, error: (message: string) => void errors.push(message) };
    const reader = await openTestStore(url, {}, { logger: log });
    await reader.declare({
      name: 'q',
      durable: true,
      exclusive: false,
      autoDelete: false,
      arguments: {},
      passive: false,
    });
    await raw.put('q', 'x'.repeat(1_048_400));
    await raw.put('q', 'small');
    const first = await reader.get('q', { max: 5, waitMs: 5000, noAck: false, signal: never });
    expect(payloadsOf(first)).toEqual(['small']);
    expect(await reader.get('q', { max: 5, waitMs: 50, noAck: false, signal: never })).toEqual([]);
    expect(errors).toEqual([expect.stringContaining('too large to be moved')]);
    await reader.close();
  });
});

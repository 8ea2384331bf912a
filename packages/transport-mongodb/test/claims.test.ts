import { describeService } from '@kombu/services';
import { ObjectId, type Db } from 'mongodb';
import type { MongoStore } from '../src/store.ts';
import { envelope, outgoing, receiptsOf, take } from './support/messages.ts';
import { connectRaw, newDatabase, openTestStore } from './support/stores.ts';
import { never, until } from '@kombu/test-kit';

/** As Python writes it, with the option ttl. */
function written(payload: string, expire_at: Date | null): object {
  return { payload, queue: 'q', priority: 9, expire_at };
}

await describeService('mongodb', 'claims', (server) => {
  const url = newDatabase(server.url);
  const stores: MongoStore[] = [];
  let database: Db;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    ({ database, drop } = await connectRaw(url));
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await database.collection('messages').deleteMany({});
  });
  afterAll(() => drop());

  async function open(leaseMs = 60_000): Promise<MongoStore> {
    const store = await openTestStore(url, { leaseMs, pollingInterval: 50 });
    stores.push(store);
    return store;
  }

  /** As Python takes a message. */
  function takeLikePython(queue: string): Promise<unknown> {
    return database.collection('messages').findOneAndDelete({ queue }, { sort: { priority: 1 } });
  }

  it('hide a message from Python, and give it back to its place there, with its TTL', async () => {
    const store = await open();
    const end = new Date(Date.now() + 60_000);
    const document = { _id: new ObjectId(), payload: envelope('a'), queue: 'q', priority: 9, expire_at: end };
    await database.collection('messages').insertOne({ ...document });
    await store.put('q', [outgoing(envelope('b'))]);
    const [first] = await take(store, 'q', 1);
    expect(first?.payload).toBe(envelope('a'));
    const claimed = await database.collection('messages').findOne({ _id: document._id });
    expect([claimed?.['queue'], claimed?.['expire_at']]).toEqual([undefined, undefined]);
    expect(await store.size('q')).toBe(1);
    expect(first && (await store.release('q', [first.receipt], { delayMs: 0 }))).toEqual(['ok']);
    expect(await takeLikePython('q')).toMatchObject(document);
    expect(await takeLikePython('q')).toMatchObject({ payload: envelope('b') });
    expect(await takeLikePython('q')).toBeNull();
  });

  it('R2: of a dead process come back in order, to Python too, once some process reads any queue', async () => {
    const [dead, alive] = [await open(100), await open()];
    await dead.put(
      'q',
      ['a', 'b', 'c'].map((body) => outgoing(body)),
    );
    expect(await take(dead, 'q')).toHaveLength(3);
    await dead.close();
    expect(await take(alive, 'another')).toEqual([]);
    await until('all are back', async () => (await alive.size('q')) === 3);
    expect(await takeLikePython('q')).toMatchObject({ payload: 'a' });
    const back = await take(alive, 'q');
    expect(back.map(({ payload, redelivered, deliveryCount }) => [payload, redelivered, deliveryCount])).toEqual([
      ['b', true, 1],
      ['c', true, 1],
    ]);
  });

  it('R15: that are lost settle as lost, whatever became of the message', async () => {
    const [slow, other] = [await open(60), await open()];
    await slow.put(
      'q',
      ['a', 'b', 'c', 'd'].map((body) => outgoing(body)),
    );
    const lost = receiptsOf(await take(slow, 'q'));
    await until('they are back', async () => (await slow.size('q')) === 4);
    const [a, b] = receiptsOf(await take(other, 'q', 2));
    expect(a && (await other.ack('q', [a]))).toEqual(['ok']);
    const outcomes = ['lease-lost', 'lease-lost', 'lease-lost', 'lease-lost'];
    expect(await slow.renew('q', lost)).toEqual(outcomes);
    expect(await slow.release('q', lost, { delayMs: 0 })).toEqual(outcomes);
    expect(await slow.ack('q', lost)).toEqual(outcomes);
    expect(b && (await other.ack('q', [b]))).toEqual(['ok']);
    expect(await slow.size('q')).toBe(2);
  });

  it('of many at once give each message to one, and leave none', async () => {
    const readers = await Promise.all(Array.from({ length: 4 }, () => open()));
    const bodies = Array.from({ length: 200 }, (_, index) => `m${index}`);
    await readers[0]?.put(
      'q',
      bodies.map((body) => outgoing(body)),
    );
    const got: string[] = [];
    const read = async (store: MongoStore, max: number): Promise<void> => {
      for (;;) {
        const some = await take(store, 'q', max);
        if (some.length === 0) return;
        got.push(...some.map(({ payload }) => payload));
        await store.ack('q', receiptsOf(some));
      }
    };
    await Promise.all(readers.map((store, index) => read(store, 1 + 7 * index)));
    expect(got.toSorted()).toEqual(bodies.toSorted());
    expect(await database.collection('messages').countDocuments()).toBe(0);
  });

  it('that are asked for in vain wait: a put here wakes them at once, one elsewhere soon', async () => {
    const [here, elsewhere] = [await open(), await open()];
    const ask = () => here.get('q', { max: 10, waitMs: 20_000, noAck: false, signal: never });
    const first = ask();
    await here.put('q', [outgoing('a')]);
    expect((await first).map(({ payload }) => payload)).toEqual(['a']);
    const second = ask();
    await elsewhere.put('q', [outgoing('b')]);
    expect((await second).map(({ payload }) => payload)).toEqual(['b']);
    const third = ask();
    await elsewhere.put('q', [outgoing('c', { delayMs: 100 })]);
    expect((await third).map(({ payload }) => payload)).toEqual(['c']);
  });

  it('R42: what expired by its document is gone on reading, though the server did not remove it yet', async () => {
    const store = await open();
    const past = new Date(Date.now() - 1000);
    await database
      .collection('messages')
      .insertMany([written('old', past), written('new', null), written('old', past)]);
    expect((await take(store, 'q', 10)).map(({ payload }) => payload)).toEqual(['new']);
    await database.collection('messages').insertMany([written('old', past), written('newer', null)]);
    expect((await take(store, 'q', 1)).map(({ payload }) => payload)).toEqual(['newer']);
    expect(await database.collection('messages').countDocuments({ payload: 'old' })).toBe(0);
  });
});

import { silentLogger, systemClock } from '@kombu/core/spi';
import { describeService } from '@kombu/services';
import type { Collection, Db } from 'mongodb';
import { connect, databaseOf } from '../src/connect.ts';
import { collectionsOf } from '../src/documents.ts';
import { ensureTtl } from '../src/indexes.ts';
import { mongodbTransport } from '../src/index.ts';
import { readOptions } from '../src/options.ts';
import { ServerClock } from '../src/server-clock.ts';
import { MongoStore } from '../src/store.ts';
import { outgoing, take } from './support/messages.ts';
import { connectRaw, newDatabase, openTestStore, targetOf } from './support/stores.ts';

await describeService('mongodb', 'the option ttl', (server) => {
  const url = newDatabase(server.url);
  let database: Db;
  let drop: () => Promise<void>;
  let store: MongoStore;

  /** Without indexes, so that servers will do that have no TTL indexes. */
  async function openUnprepared(): Promise<MongoStore> {
    const target = targetOf(url, { ttl: true });
    const context = {
      clock: systemClock,
      logger: silentLogger,
      random: Math.random,
      signal: new AbortController().signal,
    };
    const options = readOptions(target);
    const link = await connect(target, options, context);
    const opened = link.client.db(databaseOf(target, options));
    const serverClock = new ServerClock(opened, systemClock);
    return new MongoStore({ ...context, link, collections: collectionsOf(opened, options), serverClock, options });
  }

  const declaration = { name: 'q', durable: true, exclusive: false, autoDelete: false, passive: false };

  beforeAll(async () => {
    ({ database, drop } = await connectRaw(url));
    store = await openUnprepared();
  });
  afterEach(async () => {
    for (const { name } of await database.listCollections().toArray()) await database.collection(name).deleteMany({});
  });
  afterAll(async () => {
    await store.close();
    await drop();
  });

  it('R42: makes indexes by which the server removes documents, or fails loudly', async () => {
    const opened = await openTestStore(url, { ttl: true }).catch((error: unknown) => error);
    if (opened instanceof MongoStore) {
      const indexes = await database.collection('messages').indexes();
      expect(indexes.find(({ key }) => 'expire_at' in key)).toMatchObject({ expireAfterSeconds: 0 });
      await opened.close();
    } else {
      expect(opened).toMatchObject({ message: expect.stringMatching(/expireAfterSeconds/) as string });
      expect(mongodbTransport.classify(opened)).toBe('UNSUPPORTED');
    }
  });

  it('takes no index for one that only looks like it', async () => {
    const fake = {
      collectionName: 'messages',
      createIndex: async () => 'expire_at_1',
      indexes: async () => [{ v: 2, key: { expire_at: 1 }, name: 'expire_at_1' }],
    };
    const ensured = ensureTtl(fake as unknown as Collection);
    await expect(ensured).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  it('records queues, and stamps messages with the earlier of their ends, as Kombu does', async () => {
    const args = { 'x-message-ttl': 60_000, 'x-expires': 120_000 };
    await store.declare?.({ ...declaration, arguments: args });
    const before = Date.now();
    await store.put('q', [
      outgoing('by its queue', { expiresAt: before + 3_600_000 }),
      outgoing('by itself', { expiresAt: before + 5000 }),
    ]);
    await store.put('unknown', [outgoing('never')]);
    const record = await database.collection<{ _id: string }>('messages.queues').findOne({ _id: 'q' });
    expect(record).toMatchObject({
      options: { durable: true, exclusive: false, auto_delete: false, arguments: args, nowait: false },
      expire_at: expect.any(Date) as Date,
    });
    const messages = await database
      .collection('messages')
      .find({}, { sort: { _id: 1 } })
      .toArray();
    const ends = messages.map(({ expire_at: end }) => (end as Date | null)?.getTime() ?? null);
    expect(ends.slice(1)).toEqual([before + 5000, null]);
    expect(ends[0]).toBeGreaterThanOrEqual(before + 60_000 - 1000);
    expect(ends[0]).toBeLessThan(before + 3_600_000);
  });

  it('puts off the end of a queue that is read, with its bindings', async () => {
    await store.declare?.({ ...declaration, arguments: { 'x-expires': 60_000 } });
    const binding = {
      exchange: 'e',
      destination: 'q',
      destinationType: 'queue',
      routingKey: 'k',
      arguments: {},
    } as const;
    await store.bindings.add(binding, 'direct');
    const soon = new Date(Date.now() + 10);
    await database.collection('messages.queues').updateMany({}, { $set: { expire_at: soon } });
    await database.collection('messages.routing').updateMany({}, { $set: { expire_at: soon } });
    await take(store, 'q');
    for (const name of ['messages.queues', 'messages.routing']) {
      const rows = await database.collection<{ expire_at: Date }>(name).find().toArray();
      expect(rows[0]?.expire_at.getTime()).toBeGreaterThan(soon.getTime() + 1000);
    }
  });

  it('knows which queues exist', async () => {
    await store.declare?.({ ...declaration, arguments: {} });
    await store.put('of-others', [outgoing('a')]);
    const names = ['q', 'of-others', 'missing'];
    expect(await Promise.all(names.map(async (name) => store.exists?.(name)))).toEqual([true, true, false]);
    await store.delete('q');
    expect(await store.exists?.('q')).toBe(false);
  });
});

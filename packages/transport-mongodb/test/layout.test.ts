import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Connection, Exchange, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { BSON, type Db, type Document } from 'mongodb';
import { mongodbTransport } from '../src/index.ts';
import { connectRaw, newDatabase } from './support/stores.ts';

/** What Python wrote; see golden/capture.py. */
const golden = BSON.EJSON.parse(readFileSync(join(import.meta.dirname, 'golden/layout.json'), 'utf8'), {
  relaxed: false,
}) as Document;

/** Ids and the tags of deliveries differ, and so does how JSON is spaced. */
function comparable({ _id, payload, ...rest }: Document): Document {
  if (payload === undefined) return rest;
  const envelope = JSON.parse(payload as string) as Document;
  delete envelope['properties'].delivery_tag;
  delete envelope['properties'].message_id;
  // Core's, beside Kombu's properties.
  delete envelope['properties']['x-expires-at'];
  // Python writes ASCII and blanks.
  const text = Buffer.from(envelope['body'] as string, 'base64').toString();
  envelope['body'] = envelope['content-type'] === 'application/json' ? JSON.parse(text) : text;
  return { ...rest, payload: envelope };
}

await describeService('mongodb', 'the layout', (server) => {
  const url = newDatabase(server.url);
  let database: Db;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    ({ database, drop } = await connectRaw(url));
  });
  afterAll(() => drop());

  async function rows(name: string): Promise<readonly Document[]> {
    const found = await database
      .collection(name)
      .find({}, { sort: { _id: 1 }, promoteValues: false })
      .toArray();
    // Both sides as extended JSON, so that the types of numbers count.
    return (BSON.EJSON.serialize(found, { relaxed: false }) as Document[]).map(comparable);
  }

  it('is that of Kombu: documents, indexes and the capped collection', async () => {
    const connection = new Connection(url, { transport: mongodbTransport });
    const direct = new Exchange('direct-ex', { type: 'direct' });
    const topic = new Exchange('topic-ex', { type: 'topic' });
    const fanout = new Exchange('fanout-ex', { type: 'fanout' });
    await new Queue('d', { exchange: direct, routingKey: 'dk' }).declare(connection);
    await new Queue('t', { exchange: topic, routingKey: 'stock.*.a-b_c.#' }).declare(connection);
    await fanout.declare(connection);
    const producer = connection.producer();
    await producer.publish('plain', { routingKey: 'd' });
    await producer.publish({ hello: 'wörld' }, { exchange: direct, routingKey: 'dk', priority: 7, expiration: 60_000 });
    await producer.publish({ all: true }, { exchange: fanout, routingKey: '' });
    const expected = BSON.EJSON.serialize(golden, { relaxed: false });
    expect(await rows('messages')).toEqual(expected['messages'].map(comparable));
    expect(await rows('messages.routing')).toEqual(expected['routing'].slice(0, 2).map(comparable));
    expect(await rows('messages.broadcast')).toEqual(expected['broadcast'].map(comparable));
    const { messages, ...others } = expected['indexes'] as Record<string, Document[]>;
    const keysOf = async (name: string): Promise<unknown> =>
      (await database.collection(name).indexes()).map(({ key }) => Object.entries(key));
    // One more: by the end of leases.
    const plain = BSON.EJSON.deserialize({ messages, ...others }) as Record<string, Document[]>;
    expect(await keysOf('messages')).toEqual(
      expect.arrayContaining([...(plain['messages'] ?? []), [['lease_until', 1]]]),
    );
    for (const name of Object.keys(others)) expect((await keysOf(name)) as Document[]).toEqual(plain[name]);
    const [made] = await database.listCollections({ name: 'messages.broadcast' }).toArray();
    expect((made as Document | undefined)?.['options']).toMatchObject({ capped: true });
    await connection.close();
  });
});

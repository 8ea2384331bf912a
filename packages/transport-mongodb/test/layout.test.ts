import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Connection, Exchange, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { BSON, type Db, type Document } from 'mongodb';
import { mongodbTransport } from '../src/index.ts';
import { connectRaw, newDatabase, openTestStore } from './support/stores.ts';
import { outgoing, receiptsOf, take } from './support/messages.ts';

/** What Python wrote; see golden/capture.py. */
const golden = BSON.EJSON.parse(readFileSync(join(import.meta.dirname, 'golden/layout.json'), 'utf8'), {
  relaxed: false,
}) as Document;

/** Ids differ, and so do the order of keys in JSON and the tags of deliveries. */
function comparable({ _id, payload, ...rest }: Document): Document {
  if (payload === undefined) return rest;
  const envelope = JSON.parse(payload as string) as Document;
  delete envelope['properties'].delivery_tag;
  delete envelope['properties'].message_id;
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
    const found = await database.collection(name).find({}, { sort: { _id: 1 }, promoteValues: false }).toArray();
    // Both sides as extended JSON, so that the types of numbers count.
    return (BSON.EJSON.serialize(found, { relaxed: false }) as Document[]).map(comparable);
  }

  it('is that of Kombu: documents, indexes and the capped collection', async () => {
    const connection = new Connection(url, { transport: mongodbTransport });
    const [direct, topic, fanout] = (['direct', 'topic', 'fanout'] as const).map((type) => new Exchange(`${type}-ex`, { type }));
    await new Queue('d', { exchange: direct, routingKey: 'dk' }).declare(connection);
    await new Queue('t', { exchange: topic, routingKey: 'stock.*.a-b_c.#' }).declare(connection);
    const producer = connection.producer();
    await producer.publish('plain', { routingKey: 'd' });
    await producer.publish({ hello: 'wörld' }, { exchange: direct, routingKey: 'dk', priority: 7, expiration: 60_000 });
    await producer.publish({ all: true }, { exchange: fanout, routingKey: '' });
    const expected = BSON.EJSON.serialize(golden, { relaxed: false }) as Document;
    expect(await rows('messages')).toEqual(expected['messages'].map(comparable));
    expect(await rows('messages.routing')).toEqual(expected['routing'].slice(0, 2).map(comparable));
    expect(await rows('messages.broadcast')).toEqual(expected['broadcast'].map(comparable));
    await connection.close();
  });
});

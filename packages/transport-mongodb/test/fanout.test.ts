import { Connection, Exchange, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import type { Db } from 'mongodb';
import { mongodbTransport } from '../src/index.ts';
import { envelope } from './support/messages.ts';
import { connectRaw, newDatabase } from './support/stores.ts';
import { until } from '@kombu/test-kit';

async function listen(connection: Connection, queue: Queue<string>): Promise<string[]> {
  const got: string[] = [];
  await connection.consume(queue, async (body, message) => {
    got.push(body);
    await message.ack();
  });
  return got;
}

await describeService('mongodb', 'fan-out', (server) => {
  const url = newDatabase(server.url);
  const connections: Connection[] = [];
  let database: Db;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    ({ database, drop } = await connectRaw(url));
  });
  afterEach(() => Promise.all(connections.splice(0).map((connection) => connection.close())));
  afterAll(() => drop());

  function connect(): Connection {
    const connection = new Connection(url, { transport: mongodbTransport, transportOptions: { pollingInterval: 50 } });
    connections.push(connection);
    return connection;
  }

  function broadcastLikePython(exchange: string, ...tags: readonly string[]): Promise<unknown> {
    const documents = tags.map((tag) => ({ payload: envelope(tag, {}, exchange, ''), queue: exchange }));
    return database.collection('messages.broadcast').insertMany(documents);
  }

  it('reaches each queue once, whoever publishes: Python, or we', async () => {
    const exchange = new Exchange('news', { type: 'fanout' });
    // The first two share a queue.
    const [one, two, other] = [connect(), connect(), connect()];
    await exchange.declare(one);
    await broadcastLikePython('news', 'before anybody listens');
    const shared = new Queue<string>('shared', { exchange });
    const halves = [await listen(one, shared), await listen(two, shared)];
    const alone = await listen(other, new Queue<string>('alone', { exchange }));
    await broadcastLikePython('news', 'p1', 'p2');
    await broadcastLikePython('olds', 'not for us');
    await one.producer().publish('ours', { exchange, routingKey: '' });
    await broadcastLikePython('news', 'p3');
    const all = ['ours', 'p1', 'p2', 'p3'];
    await until('all came', () => alone.length >= 4 && halves.flat().length >= 4);
    expect([alone.toSorted(), halves.flat().toSorted()]).toEqual([all, all]);
  });

  it('feeds no queue of Python, which nobody reads; Python finds the message in the broadcast collection', async () => {
    const row = { exchange: 'events', queue: 'of-python', routing_key: '', pattern: null };
    await database.collection('messages.routing').insertOne({ ...row });
    const exchange = new Exchange('events', { type: 'fanout' });
    const connection = connect();
    await exchange.declare(connection);
    await connection.producer().publish('hello', { exchange, routingKey: '' });
    expect(await database.collection('messages').countDocuments({ queue: 'of-python' })).toBe(0);
    const [heard] = await database.collection('messages.broadcast').find({ queue: 'events' }).toArray();
    expect(JSON.parse(String(heard?.['payload']))).toMatchObject({
      properties: { delivery_info: { exchange: 'events' } },
    });
  });

  it('keeps what is published while nobody consumes, and more of it than the broadcast collection holds', async () => {
    const exchange = new Exchange('stock', { type: 'fanout' });
    const queue = new Queue<string>('stock-log', { exchange });
    const connection = connect();
    await queue.declare(connection);
    const bodies = Array.from({ length: 30 }, (_, index) => `${index} ${'x'.repeat(10_000)}`);
    await Promise.all(bodies.map((body) => connection.producer().publish(body, { exchange, routingKey: '' })));
    const got = await listen(connect(), queue);
    await until('all came', () => got.length >= 30);
    expect(got).toEqual(bodies);
  });
});

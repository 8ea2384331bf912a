import type { Connection, ExchangeType, Message } from '@kombu/core';
import { Exchange, Queue } from '@kombu/core';
import { TestBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.open();
});
afterEach(() => broker.closeConnections());
afterAll(() => broker.close());

/** Waits for one message of the queue. */
async function next<T>(connection: Connection, queue: Queue<T>): Promise<Message<T>> {
  let message: Message<T> | undefined;
  await eventually(`a message in ${queue.name}`, async () => (message = await queue.get(connection, { noAck: true })));
  return message as Message<T>;
}

describe('delay', () => {
  it.each<[ExchangeType, Record<string, unknown>]>([
    ['direct', {}],
    ['topic', {}],
    ['fanout', {}],
    ['headers', { 'x-match': 'all', kind: 'a' }],
  ])('arrives through a %s exchange as if it had been published there later', async (type, bindingArguments) => {
    const connection = broker.connection();
    const exchange = new Exchange(`late-${type}`, { type });
    const queue = new Queue<string>(`late-${type}`, { exchange, routingKey: 'some.key', bindingArguments });
    await queue.declare(connection);
    const before = Date.now();
    const options = { exchange, routingKey: 'some.key', headers: { kind: 'a' }, messageId: 'id', priority: 2 };
    await connection.producer().publish('later', { ...options, delay: 1000 });
    const message = await next(connection, queue);
    expect(Date.now() - before).toBeGreaterThanOrEqual(999);
    expect(message.payload).toBe('later');
    expect(message.deliveryInfo).toMatchObject({ exchange: exchange.name, routingKey: 'some.key', priority: 2 });
    expect(message.properties.messageId).toBe('id');
    expect(message.headers['kind']).toBe('a');
  });

  it('can be had again and again by the same message', async () => {
    const connection = broker.connection();
    const queue = new Queue<number>('again');
    await queue.declare(connection);
    const producer = connection.producer();
    await producer.publish(0, { routingKey: 'again', delay: 1000 });
    for (let round = 0; round < 3; round++) {
      const { payload, headers } = await next(connection, queue);
      expect(payload).toBe(round);
      // With the record of its deaths, as a retry that copies its headers has it.
      await producer.publish(round + 1, { routingKey: 'again', headers, delay: 1000 });
    }
  });

  it('keeps the deaths that others recorded', async () => {
    const connection = broker.connection();
    const queue = new Queue<string>('deaths');
    const death = { queue: 'elsewhere', reason: 'rejected', count: 3, exchange: '', 'routing-keys': ['elsewhere'] };
    const headers = { 'x-death': [death] };
    await connection.producer().publish('x', { routingKey: 'deaths', declare: [queue], headers, delay: 1000 });
    const message = await next(connection, queue);
    expect(message.headers['x-death']).toContainEqual(expect.objectContaining({ queue: 'elsewhere', count: 3 }));
  });

  it('is not for an exchange that is not there', async () => {
    const connection = broker.connection();
    const producer = connection.producer();
    const [lost, found] = await Promise.allSettled([
      producer.publish('lost', { exchange: 'missing', routingKey: 'k', delay: 1000 }),
      producer.publish('found', { routingKey: 'present', declare: [new Queue('present')], delay: 1000 }),
    ]);
    expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'NOT_FOUND' } });
    expect(found).toMatchObject({ status: 'fulfilled', value: { guarantee: 'confirmed' } });
  });

  it('refuses what would end it early, and what is longer than it can be', async () => {
    const producer = broker.connection().producer();
    const short = producer.publish('x', { routingKey: 'q', delay: 1000, expiration: 500 });
    await expect(short).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    const long = producer.publish('x', { routingKey: 'q', delay: 2 ** 28 * 1000 });
    await expect(long).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('says so when somebody deletes what it passes through, and makes it anew', async () => {
    const connection = broker.connection({
      transportOptions: { delayedPrefix: 'mended', delayedQueueType: 'classic' },
    });
    const queue = new Queue<string>('mended');
    const producer = connection.producer();
    await producer.publish('first', { routingKey: 'mended', declare: [queue], delay: 1000 });
    await next(connection, queue);
    await new Exchange('mended_celery_delayed_27').delete(connection);
    const lost = producer.publish('lost', { routingKey: 'mended', delay: 1000 });
    await expect(lost).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await producer.publish('second', { routingKey: 'mended', delay: 1000 });
    expect((await next(connection, queue)).payload).toBe('second');
  });
});

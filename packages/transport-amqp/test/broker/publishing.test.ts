import { setTimeout } from 'node:timers/promises';
import type { Connection, Producer, PublishOptions } from '@kombu/core';
import { Exchange, Queue } from '@kombu/core';
import type { KombuError, Logger, PublishGuarantee } from '@kombu/core/spi';
import { silentLogger } from '@kombu/core/spi';
import { Ledger, TcpProxy } from '@kombu/testing';
import type { AmqpConnections } from '../../src/index.ts';
import { TestBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { RawChannel, envelopeOf, routeOf } from '../support/raw-channel.ts';

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.open();
});
afterEach(() => broker.closeConnections());
afterAll(() => broker.close());

/** How each publish ended: its guarantee, or the code of its error. */
async function endsOf(publishes: readonly Promise<{ guarantee: PublishGuarantee }>[]): Promise<string[]> {
  const ends = await Promise.allSettled(publishes);
  return ends.map((end) => (end.status === 'fulfilled' ? end.value.guarantee : (end.reason as KombuError).code));
}

/** `n` publishes at once, each with the options that `options` gives for its number. */
function publishAll(
  producer: Producer,
  count: number,
  options: (index: number) => PublishOptions,
): Promise<{ guarantee: PublishGuarantee }>[] {
  return Array.from({ length: count }, (_, index) => producer.publish(String(index), options(index)));
}

/** The bodies of all messages in a queue, in order. */
async function drain(connection: Connection, queue: Queue<string>): Promise<string[]> {
  const bodies: string[] = [];
  for (
    let next = await queue.get(connection, { noAck: true });
    next;
    next = await queue.get(connection, { noAck: true })
  )
    bodies.push(next.payload);
  return bodies;
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

describe('publishing', () => {
  it('confirms three thousand at once, and the broker has them in order', async () => {
    const connection = broker.connection();
    const queue = new Queue<string>('many');
    const publishes = publishAll(connection.producer(), 3000, () => ({ routingKey: 'many', declare: [queue] }));
    expect(new Set(await endsOf(publishes))).toEqual(new Set(['confirmed']));
    expect(await drain(connection, queue)).toEqual(numbers(0, 3000));
  });

  it('tells those that a full queue refuses from those that it took', async () => {
    const connection = broker.connection();
    const full = new Queue<string>('full', { maxLength: 10, queueArguments: { 'x-overflow': 'reject-publish' } });
    const open = new Queue<string>('open');
    await Promise.all([full.declare(connection), open.declare(connection)]);
    const publishes = publishAll(connection.producer(), 60, (n) => ({ routingKey: n % 2 ? 'open' : 'full' }));
    const ends = await endsOf(publishes);
    expect(ends.filter((_, n) => n % 2)).toEqual(Array.from({ length: 30 }, () => 'confirmed'));
    expect(new Set(ends)).toEqual(new Set(['confirmed', 'NACKED']));
    const taken = numbers(0, 60).filter((_, n) => n % 2 === 0 && ends[n] === 'confirmed');
    expect(await drain(connection, full)).toEqual(taken);
  });

  it('matches what comes back to the publish that it belongs to', async () => {
    const connection = broker.connection();
    const queue = new Queue<string>('known');
    await queue.declare(connection);
    const publishes = publishAll(connection.producer(), 200, (n) => ({
      routingKey: n % 3 === 0 ? 'unknown' : 'known',
      mandatory: true,
    }));
    const expected = numbers(0, 200).map((_, n) => (n % 3 === 0 ? 'UNROUTABLE' : 'confirmed'));
    expect(await endsOf(publishes)).toEqual(expected);
  });

  it('to an exchange that is not there fails for its own messages only (R6)', async () => {
    const connection = broker.connection();
    const queue = new Queue<string>('bystander');
    await queue.declare(connection);
    const handled: string[] = [];
    const consumer = await connection.consume(queue, async (body, message) => {
      handled.push(body);
      await message.ack();
    });
    const publishes = publishAll(connection.producer({ deliveryMode: 'transient' }), 100, (n) =>
      n === 50 ? { exchange: 'missing', routingKey: 'x' } : { routingKey: 'bystander' },
    );
    const ends = await endsOf(publishes);
    expect(ends[50]).toBe('NOT_FOUND');
    // Those before it may have been confirmed or not; those after it went out again, once and in order.
    expect(new Set(ends.slice(0, 50).filter((end) => end !== 'PUBLISH_UNCERTAIN'))).toEqual(new Set(['confirmed']));
    expect(new Set(ends.slice(51))).toEqual(new Set(['confirmed']));
    await eventually('all others', () => handled.length === 99);
    expect(handled).toEqual(numbers(0, 100).filter((_, n) => n !== 50));
    expect(consumer.health()[0]?.generation).toBe(1);
    expect(connection.generation).toBe(1);
  });

  it('R24: to an exchange that goes while they are under way doubles none, and rejects none that got in', async () => {
    const [connection, other] = [broker.connection(), broker.connection()];
    const ledger = new Ledger();
    const queues = ['going', 'staying'].map(
      (name) => new Queue<string>(name, { queueArguments: { 'x-queue-type': 'quorum' } }),
    );
    for (const queue of queues) await queue.declare(connection);
    const producer = connection.producer();
    for (let round = 0; round < 10; round++) {
      const exchange = new Exchange('passing', { type: 'fanout' });
      await exchange.declare(other);
      await queues[0]?.bindTo(exchange, {}, other);
      const publishes: Promise<unknown>[] = [];
      const burst = (): void => {
        for (let index = 0; index < 30; index++) {
          const id = ledger.newId();
          // Its bindings go before the exchange does: without `mandatory`, a message for nobody counts as taken.
          const route = index % 3 ? { routingKey: 'staying' } : { exchange: 'passing', mandatory: true };
          const published = producer.publish(id, route);
          publishes.push(
            ledger.track(
              id,
              published.then(({ guarantee }) => guarantee),
            ),
          );
        }
      };
      burst();
      const deleted = exchange.delete(other);
      for (let turn = 0; turn < 5; turn++) {
        burst();
        await setTimeout(1);
      }
      await Promise.all([...publishes, deleted]);
    }
    for (const queue of queues) for (const id of await drain(other, queue)) ledger.delivered(id, false);
    ledger.assertNothingLost();
  });

  it('after one that the broker refused keeps the order of those that nobody was told about', async () => {
    await using raw = await RawChannel.open(broker.url);
    await raw.declare('ordered');
    await raw.publish('first', { routingKey: 'ordered' });
    const ends: string[] = [];
    const send = (body: string, exchange = ''): void =>
      raw.channel.publishFor?.(envelopeOf(body), routeOf({ exchange, routingKey: 'ordered' }), {
        published: () => void ends.push(body),
        failed: () => {
          ends.push(`not ${body}`);
          send('instead');
        },
      });
    send('refused', 'missing');
    send('second');
    send('third');
    await eventually('all four', () => ends.length === 4);
    expect(await raw.drain('ordered')).toEqual(['first', 'second', 'third', 'instead']);
  });

  it('with headers beyond a frame fails for that message, and the connection lives', async () => {
    const connection = broker.connection();
    const producer = connection.producer();
    const queue = new Queue<string>('frames');
    const large = producer.publish('a', {
      routingKey: 'frames',
      declare: [queue],
      headers: { h: 'x'.repeat(200_000) },
    });
    await expect(large).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await producer.publish('b', { routingKey: 'frames' });
    expect(connection.generation).toBe(1);
    expect(await drain(connection, queue)).toEqual(['b']);
  });

  it('with a property that the broker refuses fails for that message only', async () => {
    const connection = broker.connection();
    const queue = new Queue<string>('users');
    const publishes = publishAll(connection.producer(), 20, (n) => ({
      routingKey: 'users',
      declare: [queue],
      userId: n === 19 ? 'somebody-else' : 'guest',
    }));
    const ends = await endsOf(publishes);
    expect(ends[19]).toBe('PRECONDITION_FAILED');
    expect(
      (await endsOf(publishAll(connection.producer(), 2, () => ({ routingKey: 'users' })))).every(isConfirmed),
    ).toBe(true);
  });

  it('where the user may not rejects with ACCESS_REFUSED, and elsewhere goes on', async () => {
    const user = `writer-${Date.now()}`;
    await broker.server.createUser(user, 'secret', { write: '^(allowed|amq\\.default)$' }, broker.virtualHost);
    const connection = broker.connection({});
    const [allowed, forbidden] = [new Exchange('allowed'), new Exchange('forbidden')];
    await Promise.all([allowed.declare(connection), forbidden.declare(connection)]);
    const url = broker.server.urlFor({ user, password: 'secret', virtualHost: broker.virtualHost });
    const restricted = broker.connectionTo(url);
    const exchanges = ['allowed', 'forbidden', 'allowed'];
    const publishes = publishAll(restricted.producer(), 3, (n) => ({
      exchange: exchanges[n],
      routingKey: 'k',
    }));
    const [, refused, after] = await endsOf(publishes);
    expect([refused, after]).toEqual(['ACCESS_REFUSED', 'confirmed']);
    await restricted.close();
    await broker.server.deleteUser(user);
  });

  it('refuses what AMQP cannot carry before it sends anything', async () => {
    const connection = broker.connection();
    const producer = connection.producer();
    const queue = new Queue<string>('checked');
    await producer.publish('first', { routingKey: 'checked', declare: [queue] });
    const ends = await endsOf([
      producer.publish('a', { routingKey: 'checked', priority: 256 }),
      producer.publish('b', { routingKey: 'k'.repeat(256) }),
      producer.publish('c', { routingKey: 'checked', headers: { odd: new Map() } }),
      producer.publish('d', { routingKey: 'checked' }),
    ]);
    expect(ends).toEqual(['INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'ENCODE_FAILED', 'confirmed']);
    expect(await drain(connection, queue)).toEqual(['first', 'd']);
  });

  it('without confirm says sent, and an exchange that is not there costs only what went to it', async () => {
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (message) => warnings.push(message) };
    const connection = broker.connection({ logger });
    const queue = new Queue<string>('sent');
    await queue.declare(connection);
    const producer = connection.producer({ confirm: false });
    expect(await endsOf(publishAll(producer, 100, () => ({ routingKey: 'sent' })))).toEqual(
      Array.from({ length: 100 }, () => 'sent'),
    );
    await producer.publish('lost', { exchange: 'missing', routingKey: 'sent' });
    await eventually('the warning', () => warnings.length > 0);
    await producer.publish('after', { routingKey: 'sent' });
    await eventually('all messages', async () => (await queue.size(connection)) === 101);
    expect(await drain(connection, queue)).toEqual([...numbers(0, 100), 'after']);
  });

  it('without confirm does not call that sent which was under way when the link broke', async () => {
    const proxy = await TcpProxy.listen({ target: broker.address });
    await using raw = await RawChannel.open(broker.urlVia(proxy.port));
    const route = { routingKey: 'nowhere', confirm: false };
    await raw.publish('x', route);
    await proxy.connected(2);
    proxy.connections[1]?.stall('upstream');
    const large = Array.from({ length: 3 }, () => raw.publish(Buffer.alloc(8_000_000), route));
    const ends = Promise.allSettled(large);
    await setTimeout(50);
    proxy.connections[1]?.reset();
    for (const end of await ends) expect(end).toMatchObject({ reason: { code: 'PUBLISH_UNCERTAIN' } });
    await proxy.close();
  });

  it('opens its own socket with the first message, and both are there for who needs amqplib', async () => {
    const connection = broker.connection();
    await connection.connect();
    const before = connection.unwrap() as AmqpConnections;
    expect(before.publishing).toBeUndefined();
    await connection.producer().publish('x', { routingKey: 'unwrap', declare: [new Queue('unwrap')] });
    const { consuming, publishing } = connection.unwrap() as AmqpConnections;
    expect(publishing).not.toBe(consuming);
    const channel = await consuming.createChannel();
    const got = await channel.get('unwrap', { noAck: true });
    expect(got && got.content.toString()).toBe('x');
    await channel.close();
  });
});

function isConfirmed(end: string): boolean {
  return end === 'confirmed';
}

import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from '@kombu/core';
import type { Connection, Message } from '@kombu/core';
import type { KombuError } from '@kombu/core/spi';
import { Ledger, TcpProxy } from '@kombu/testing';
import type { AmqpConnections } from '../../src/index.ts';
import { TestBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { publishUnderCuts } from '../support/publish-cuts.ts';
import { quickRecovery as recovery, recoveryScript } from '../support/recovery-script.ts';

let broker: TestBroker;
let proxy: TcpProxy;

beforeAll(async () => {
  broker = await TestBroker.open();
});
beforeEach(async () => {
  proxy = await TcpProxy.listen({ target: broker.address });
});
afterEach(async () => {
  await broker.closeConnections();
  await proxy.close();
});
afterAll(() => broker.close());

const connect = (options = {}): Connection => broker.connection({ port: proxy.port, recovery, ...options });

/** The links by the order of their opening: the first consumes, the second publishes. */
const linkAt = (index: number): TcpProxy['connections'][number] => {
  const link = proxy.connections[index];
  if (!link) throw new Error(`There is no link ${index}`);
  return link;
};

describe('a link that breaks', () => {
  it('leaves no publish without an answer, and none that resolved without its message (R7)', async () => {
    const connection = connect();
    const ledger = new Ledger();
    const queue = new Queue<string>('answers');
    const producer = connection.producer({ timeout: 10_000 });
    await queue.declare(connection);
    await producer.publish('warm', { routingKey: 'answers' });
    const publishes: Promise<unknown>[] = [];
    for (let round = 0; round < 5; round++) {
      for (let index = 0; index < 200; index++) {
        const id = ledger.newId();
        const published = producer.publish(id, { routingKey: 'answers' });
        publishes.push(
          ledger.track(
            id,
            published.then(({ guarantee }) => guarantee),
          ),
        );
      }
      proxy.cutAfter(20_000, 'upstream');
      await Promise.all(publishes);
      await proxy.heal();
      await connection.ensureConnection();
    }
    expect(producer.inFlight).toBe(0);
    const reader = broker.connection();
    for (let next = await queue.get(reader, { noAck: true }); next; next = await queue.get(reader, { noAck: true })) {
      if (next.payload !== 'warm') ledger.delivered(next.payload, next.deliveryInfo.redelivered);
    }
    ledger.assertNothingLost();
    expect(connection.generation).toBeGreaterThan(1);
  });

  it('on the side of the publishers ends the whole, and everything comes back', async () => {
    const connection = connect();
    const queue = new Queue<string>('both');
    const got: string[] = [];
    await connection.consume(queue, async (body, message) => {
      got.push(body);
      await message.ack();
    });
    const producer = connection.producer();
    await producer.publish('before', { routingKey: 'both' });
    await proxy.connected(2);
    linkAt(1).reset();
    await eventually('the next link', () => connection.generation === 2 && connection.connected);
    await producer.publish('after', { routingKey: 'both' });
    await eventually('both', () => got.length === 2);
    expect(got).toEqual(['before', 'after']);
  });

  it('makes acks of what it brought lease-lost, and no old tag reaches the new channel (R32)', async () => {
    const connection = connect();
    const queue = new Queue<string>('stale');
    const held: Message<string>[] = [];
    await connection.consume(queue, (_, message) => void held.push(message));
    await connection.producer().publish('x', { routingKey: 'stale' });
    await eventually('the delivery', () => held.length === 1);
    const [stale] = held;
    expect(stale?.signal.aborted).toBe(false);
    proxy.reset();
    await eventually('the redelivery', () => held.length === 2);
    expect(stale?.signal.aborted).toBe(true);
    expect(await stale?.ack()).toBe('lease-lost');
    expect(held[1]?.deliveryInfo.redelivered).toBe(true);
    expect(await held[1]?.ack()).toBe('ok');
    await connection.close();
    expect(await queue.get(broker.connection())).toBeUndefined();
  });

  it('leaves a gap in a queue that went with it, and only there, and says so', async () => {
    const connection = connect();
    const gaps: string[] = [];
    connection.on('gap', ({ queue }) => gaps.push(queue));
    const [temporary, lasting] = [new Queue('temporary', { exclusive: true, durable: false }), new Queue('lasting')];
    for (const queue of [temporary, lasting]) await connection.consume(queue, () => {});
    proxy.reset();
    await eventually('the next link', () => connection.generation === 2 && connection.health().healthy);
    expect(gaps).toEqual(['temporary']);
  });

  it('in the middle of a recovery is recovered from too, with prefetch and consumers (R1)', async () => {
    const connection = connect();
    const names = Array.from({ length: 20 }, (_, index) => `r1-${index}`);
    const got = new Set<unknown>();
    const held: Message[] = [];
    let isHolding = false;
    const handler = async (body: unknown, message: Message): Promise<void> => {
      if (isHolding) return void held.push(message);
      got.add(body);
      await message.ack();
    };
    for (const name of names) await connection.consume(name, handler, { prefetch: 7 });
    for (let round = 0; round < 8; round++) {
      // Somewhere among the login, the declarations and the consumers.
      proxy.reset();
      proxy.cutAfter(300 + round * 400, round % 2 ? 'upstream' : 'downstream');
      await proxy.connected();
    }
    await proxy.heal();
    await eventually('a healthy connection', () => connection.health().healthy);
    const producer = connection.producer({ timeout: 20_000 });
    await Promise.all(names.map((name) => producer.publish(name, { routingKey: name, mandatory: true })));
    await eventually('a message for each', () => got.size === names.length);
    // The credit is the old one: of ten messages seven come, and the others when these are acked.
    isHolding = true;
    const [name] = names as [string];
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => producer.publish(`held ${index}`, { routingKey: name })),
    );
    await eventually('as many as the prefetch', () => held.length === 7);
    await sleep(100);
    expect(held).toHaveLength(7);
    isHolding = false;
    for (const message of held) await message.ack();
    await eventually('the others', () => got.has('held 9'));
  });
});

describe('links that break at random', () => {
  it.each([1, 2, 3])('leave every consumer fed and nothing lost, script %i (R1)', async (seed) => {
    await recoveryScript(broker, seed, 12);
  });

  it('leave of a thousand publishes each resolved one in the broker (R6, R7)', async () => {
    const ends = await publishUnderCuts(broker, 1, 1000);
    expect(ends['confirmed']).toBeGreaterThan(0);
  });
});

describe('a peer that has fallen silent', () => {
  it.each([
    ['consumers', 0],
    ['publishers', 1],
  ])('is noticed by heartbeats on the socket of the %s (R16)', async (_, index) => {
    const connection = connect({ heartbeat: 1000 });
    const queue = new Queue<string>('silence');
    const got: string[] = [];
    await connection.consume(queue, async (body, message) => {
      got.push(body);
      await message.ack();
    });
    const producer = connection.producer({ timeout: 20_000 });
    await producer.publish('before', { routingKey: 'silence' });
    await proxy.connected(2);
    linkAt(index).blackhole();
    await eventually('another link', () => connection.generation === 2 && connection.connected);
    await producer.publish('after', { routingKey: 'silence' });
    await eventually('both', () => got.includes('after'));
  });

  it('takes no more than the window of the producer, and all of it when it wakes up (R8)', async () => {
    const connection = connect();
    const queue = new Queue<string>('window');
    const producer = connection.producer({ maxInFlight: 300, timeout: 20_000 });
    await producer.publish('first', { routingKey: 'window', declare: [queue] });
    await proxy.connected(2);
    linkAt(1).stall('upstream');
    const body = 'x'.repeat(10_000);
    const publishes = Array.from({ length: 2000 }, () => producer.publish(body, { routingKey: 'window' }));
    await sleep(200);
    const { publishing } = connection.unwrap() as AmqpConnections;
    const { stream } = (publishing as NonNullable<typeof publishing>).connection as unknown as { stream: Socket };
    expect(producer.inFlight).toBe(300);
    expect(stream.writableLength).toBeLessThan(300 * 10_500);
    await proxy.heal();
    const ends = await Promise.all(publishes);
    expect(new Set(ends.map(({ guarantee }) => guarantee))).toEqual(new Set(['confirmed']));
    expect(await queue.size(connection)).toBe(2001);
  });

  it('holds up no close, of a channel or of the connection (R10)', async () => {
    const connection = connect({ recovery: false });
    const queue = new Queue<string>('held-up');
    const consumer = await connection.consume(queue, () => {});
    const producer = connection.producer();
    await producer.publish('x', { routingKey: 'held-up' });
    proxy.blackhole();
    const pending = producer.publish('never', { routingKey: 'held-up' }).catch((error: unknown) => error as KombuError);
    await consumer.close({ timeout: 500 });
    await connection.close({ timeout: 1000 });
    expect(await pending).toMatchObject({ code: 'PUBLISH_UNCERTAIN' });
  });

  it('that never finishes the login is given up with the connect timeout, and no socket stays', async () => {
    const accepted: Socket[] = [];
    const mute = createServer((socket) => {
      accepted.push(socket.on('error', () => {}).resume());
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const connection = broker.connection({ port, connectTimeout: 300 });
    await expect(connection.ensureConnection({ maxRetries: 0 })).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    await eventually('the end of the socket', () => accepted.length > 0 && accepted.every((socket) => socket.closed));
    await connection.close();
    mute.close();
  });
});

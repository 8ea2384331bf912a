import { setTimeout as sleep } from 'node:timers/promises';
import { Exchange, Queue } from '@kombu/core';
import type { Connection, Message } from '@kombu/core';
import { Ledger, TcpProxy, seeded } from '@kombu/testing';
import type { AmqpConnections } from '../../src/index.ts';
import { TestBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { RawChannel } from '../support/raw-channel.ts';
import { quickRecovery as recovery } from '../support/recovery-script.ts';

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

/** All that is in a queue, as texts. */
async function drain(queue: string): Promise<string[]> {
  await using reader = await RawChannel.open(broker.url);
  return await reader.drain(queue);
}

/** Stands still as a handler does that computes. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('consuming', () => {
  it('R2: a message stays with its handler for longer than heartbeats and the link of others last', async () => {
    const queue = new Queue<string>('patient');
    const [connection, other] = [connect({ heartbeat: 1000 }), broker.connection()];
    const got: boolean[] = [];
    const handler = async (_: string, message: Message<string>): Promise<void> => {
      got.push(message.deliveryInfo.redelivered);
      await sleep(2500, undefined, { signal: message.signal });
      await message.ack();
    };
    await connection.consume(queue, handler);
    await connection.producer().publish('long work', { routingKey: 'patient' });
    await eventually('the delivery', () => got.length === 1);
    await other.consume(queue, handler);
    await connection.close();
    expect(got).toEqual([false]);
    expect(await drain('patient')).toEqual([]);
  });

  it('R9: what cannot be read is dead-lettered once, and neither kills the consumer nor comes again', async () => {
    const random = seeded(9);
    const connection = connect();
    const queue = new Queue('fuzz');
    const graveyard = new Queue('fuzz-dead');
    await Promise.all([queue.declare(connection), graveyard.declare(connection)]);
    const good: unknown[] = [];
    await connection.consume(queue, (body) => void good.push(body), {
      ack: 'auto',
      deadLetter: graveyard,
      accept: ['json'],
    });
    const { consuming } = connection.unwrap() as AmqpConnections;
    const foreign = await consuming.createConfirmChannel();
    const types = [
      'application/json',
      'application/x-python-serialize',
      'application/x-yaml',
      'text/plain; charset=klingon',
    ];
    const encodings = ['utf-8', 'utf-16', 'gzip', 'klingon', 'binary'];
    for (let index = 0; index < 300; index++) {
      const body = Buffer.from(Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256)));
      foreign.sendToQueue('fuzz', Buffer.concat([Buffer.from('{"'), body]), {
        contentType: types[Math.floor(random() * types.length)] ?? '',
        contentEncoding: encodings[Math.floor(random() * encodings.length)] ?? '',
        headers: random() < 0.3 ? { compression: 'application/x-gzip' } : {},
      });
      foreign.sendToQueue('fuzz', Buffer.from(String(index)), {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
      });
    }
    await foreign.waitForConfirms();
    await eventually('the good ones', () => good.length === 300);
    expect(good).toEqual(Array.from({ length: 300 }, (_, index) => index));
    await eventually('the others', async () => (await graveyard.size(connection)) === 300);
    expect(connection.generation).toBe(1);
    await connection.close();
    expect(await drain('fuzz')).toEqual([]);
  });

  it('R11: stopped at any moment drops nothing, repeats nothing that was finished, and delivers nothing afterwards', async () => {
    const random = seeded(11);
    const connection = connect();
    const ledger = new Ledger();
    const queue = new Queue<string>('stopping');
    await queue.declare(connection);
    const producer = connection.producer();
    for (let round = 0; round < 25; round++) {
      const ids = Array.from({ length: 40 }, () => ledger.newId());
      const publishes = ids.map((id) =>
        ledger.track(
          id,
          producer.publish(id, { routingKey: 'stopping' }).then(({ guarantee }) => guarantee),
        ),
      );
      let isStopped = false;
      const consumer = await connection.consume(
        queue,
        async (body, message) => {
          expect(isStopped).toBe(false);
          ledger.delivered(body, message.deliveryInfo.redelivered);
          await sleep(random() * 4);
          ledger.settled(body, await message.ack());
        },
        { prefetch: 10, concurrency: 3 },
      );
      await sleep(random() * 15);
      await (round % 2 ? consumer.close() : consumer.cancel());
      isStopped = true;
      await Promise.all(publishes);
    }
    await connection.close();
    ledger.assertNothingLost({ remaining: await drain('stopping') });
  });

  it('R12: whose queue is deleted says so once, and consumes again on the same link', async () => {
    const connection = connect();
    const told: string[] = [];
    connection.on('consumerCancelled', ({ queue }) => told.push(queue));
    const queue = new Queue<string>('deleted');
    const got: string[] = [];
    await connection.consume(queue, async (body, message) => {
      got.push(body);
      await message.ack();
    });
    await queue.delete(broker.connection());
    await eventually('the consumer', () => told.length === 1 && connection.health().healthy);
    await connection.producer().publish('after', { routingKey: 'deleted', mandatory: true });
    await eventually('the message', () => got.length === 1);
    expect(told).toEqual(['deleted']);
    expect(connection.generation).toBe(1);
  });

  it('R25: by a handler that always fails ends after its attempts, spaced, with the reason in the headers', async () => {
    // Where chance would spread them.
    const connection = connect({ random: () => 0.5 });
    const queue = new Queue<string>('failing', { queueArguments: { 'x-queue-type': 'quorum' } });
    const graveyard = new Queue<string>('failing-dead');
    await graveyard.declare(connection);
    const times: number[] = [];
    await connection.consume(
      queue,
      () => {
        times.push(performance.now());
        throw new Error('no luck');
      },
      { ack: 'auto', deadLetter: graveyard, retry: { attempts: 3, intervalStart: 100, intervalStep: 0 } },
    );
    await connection.producer().publish('x', { routingKey: 'failing' });
    let dead: Message<string> | undefined;
    await eventually('the end', async () => (dead = await graveyard.get(connection, { noAck: true })));
    expect(dead?.headers).toMatchObject({ 'x-first-death-reason': 'delivery-limit', 'x-delivery-count': 3 });
    expect(dead?.headers['x-exception']).toContain('no luck');
    expect(times).toHaveLength(3);
    for (const [index, time] of times.slice(1).entries()) expect(time - (times[index] as number)).toBeGreaterThan(40);
  });

  it('R30: by a process that stood still too long settles nothing of what others have meanwhile', async () => {
    const queue = new Queue<string>('stall');
    const connection = connect({ heartbeat: 1000 });
    const outcomes: string[] = [];
    await connection.consume(queue, async (_, message) => {
      if (outcomes.length > 0 || message.deliveryInfo.redelivered) return;
      // The broker gives us up after two missed heartbeats, a second each.
      block(4500);
      await eventually('the loss', () => message.signal.aborted);
      outcomes.push(await message.ack());
    });
    await connection.producer().publish('x', { routingKey: 'stall' });
    await eventually('the late ack', () => outcomes.length === 1);
    expect(outcomes).toEqual(['lease-lost']);
    await connection.close();
    expect(await drain('stall')).toEqual(['x']);
  });

  it('R31: with a prefetch holds that many and no more, and the broker has the rest', async () => {
    const connection = connect();
    const queue = new Queue<number>('credit');
    await queue.declare(connection);
    const producer = connection.producer();
    await Promise.all(Array.from({ length: 100 }, (_, index) => producer.publish(index, { routingKey: 'credit' })));
    const held: Message<number>[] = [];
    await connection.consume(queue, (_, message) => void held.push(message), { prefetch: 2 });
    for (let acked = 0; acked < 20; acked++) {
      await eventually('as many as there is credit for', () => held.length === acked + 2);
      expect(await queue.size(connection)).toBe(98 - acked);
      await held[acked]?.ack();
    }
    expect(held.map((message) => message.payload)).toEqual(Array.from({ length: held.length }, (_, index) => index));
  });

  it('R35: from a queue with priorities gets the highest first, in order within one', async () => {
    const random = seeded(35);
    const connection = connect();
    const queue = new Queue<string>('ranks', { maxPriority: 10 });
    await queue.declare(connection);
    const producer = connection.producer();
    const sent = Array.from({ length: 200 }, (_, index) => ({ index, priority: Math.floor(random() * 11) }));
    await Promise.all(
      sent.map(({ index, priority }) => producer.publish(String(index), { routingKey: 'ranks', priority })),
    );
    const expected = sent.toSorted((a, b) => b.priority - a.priority).map(({ index }) => String(index));
    const got: string[] = [];
    const handler = async (body: string, message: Message<string>): Promise<void> => {
      got.push(body);
      await message.ack();
    };
    await connection.consume(queue, handler, { prefetch: 1 });
    await eventually('all', () => got.length === 200);
    expect(got).toEqual(expected);
    await expect(producer.publish('x', { routingKey: 'ranks', priority: 256 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('R36: from a fanout exchange brings every message to every subscriber, also to the slow and to one that was cut off', async () => {
    const exchange = new Exchange('news', { type: 'fanout' });
    const counts = [0, 0, 0];
    const connections = [connect(), broker.connection(), broker.connection()];
    const seen = connections.map(() => new Set<string>());
    for (const [index, connection] of connections.entries()) {
      await connection.consume(new Queue<string>(`news-${index}`, { exchange }), async (body, message) => {
        if (index === 1 && seen[1]?.size === 0) await sleep(200);
        seen[index]?.add(body);
        counts[index] = (counts[index] ?? 0) + 1;
        await message.ack();
      });
    }
    const producer = broker.connection().producer({ exchange });
    const publishes: Promise<unknown>[] = [];
    for (let index = 0; index < 2000; index++) {
      publishes.push(producer.publish(String(index)));
      if (index === 700) proxy.reset();
    }
    await Promise.all(publishes);
    await eventually('all at all', () => seen.every((bodies) => bodies.size === 2000));
    expect(counts.slice(1)).toEqual([2000, 2000]);
  });

  it('R39: started, cancelled and started again in a hurry is one consumer, and a cancelled one does not come back', async () => {
    const random = seeded(39);
    const connection = connect();
    const queue = new Queue<string>('hurry');
    await queue.declare(connection);
    const observer = broker.connection();
    const starts: Promise<unknown>[] = [];
    for (let round = 0; round < 30; round++) {
      const consumer = await connection.consume(queue, () => {});
      const ends = [consumer.cancel(), consumer.consume(), consumer.cancel()];
      if (random() < 0.3) proxy.reset();
      starts.push(...ends);
      await Promise.allSettled(ends);
      await consumer.close();
    }
    await Promise.allSettled(starts);
    for (let round = 0; round < 3; round++) {
      proxy.reset();
      await connection.ensureConnection();
    }
    const { consumerCount } = await queue.declare(observer);
    expect(consumerCount).toBe(0);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@kombu/core';
import { Queue } from '@kombu/core';
import { LeakProbe, Ledger, TcpProxy } from '@kombu/testing';
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

describe('publishing', () => {
  it('R5: ends in its time when the broker is down, on every call, and leaves nothing behind when it is aborted', async () => {
    const connection = connect({ connectTimeout: 100 });
    const producer = connection.producer();
    for (const fault of ['refuse', 'blackhole'] as const) {
      proxy[fault]();
      for (let call = 0; call < 3; call++) {
        const published = producer.publish('x', { routingKey: 'q', timeout: 150 });
        await expect(published).rejects.toMatchObject({ code: 'TIMEOUT' });
      }
    }
    const probe = await LeakProbe.start();
    const giveUp = new AbortController();
    const aborted = producer.publish('x', { routingKey: 'q', timeout: 60_000, signal: giveUp.signal });
    giveUp.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    await connection.close();
    await probe.assertClean();
  });

  it('R5: comes to the second host when the first takes the connection and says nothing', async () => {
    const urls = `${broker.urlVia(proxy.port)};${broker.url}`;
    proxy.blackhole();
    const connection = broker.connectionTo(urls, { connectTimeout: 200, recovery });
    const published = connection.producer().publish('x', { routingKey: 'second', declare: [new Queue('second')] });
    expect(await published).toMatchObject({ guarantee: 'confirmed' });
  });

  it('R7: without an answer ends at its deadline, and holds no room in the window afterwards', async () => {
    const connection = connect();
    const producer = connection.producer({ timeout: 300, maxInFlight: 100 });
    await producer.publish('x', { routingKey: 'silent', declare: [new Queue('silent')], timeout: 10_000 });
    await proxy.connected(2);
    proxy.blackhole();
    const publishes = Array.from({ length: 300 }, () => producer.publish('x', { routingKey: 'silent' }));
    const ends = await Promise.allSettled(publishes);
    expect(ends.map((end) => end.status === 'rejected' && (end.reason as { code: string }).code)).toEqual(
      publishes.map(() => 'TIMEOUT'),
    );
    expect(producer.inFlight).toBe(0);
  });

  it('R20: with a delay is no work of the consumer before its time', async () => {
    const connection = connect();
    const queue = new Queue<string>('agenda');
    await queue.declare(connection);
    const producer = connection.producer();
    const later = Array.from({ length: 200 }, () =>
      producer.publish('later', { routingKey: 'agenda', delay: 3_600_000 }),
    );
    await Promise.all(later);
    await producer.publish('now', { routingKey: 'agenda' });
    const got: string[] = [];
    await connection.consume(queue, (body) => void got.push(body), { prefetch: 1 });
    await eventually('what is due', () => got.length === 1);
    expect(got).toEqual(['now']);
    expect(await queue.size(connection)).toBe(0);
  });

  it('R24: while there is no link is no hidden store: who gave up is not sent, and the others are sent once, in order', async () => {
    const connection = connect();
    const queue = new Queue<string>('offline');
    await queue.declare(connection);
    proxy.refuse();
    proxy.reset();
    await eventually('the loss', () => !connection.connected);
    const producer = connection.producer();
    const numbers = Array.from({ length: 100 }, (_, index) => String(index));
    const short = numbers.map((body) => producer.publish(`short ${body}`, { routingKey: 'offline', timeout: 100 }));
    const long = numbers.map((body) => producer.publish(body, { routingKey: 'offline', timeout: 20_000 }));
    for (const end of await Promise.allSettled(short)) expect(end).toMatchObject({ reason: { code: 'TIMEOUT' } });
    await proxy.heal();
    await Promise.all(long);
    await using reader = await RawChannel.open(broker.url);
    expect(await reader.drain('offline')).toEqual(numbers);
  });

  it('R24: over a link that is cut anywhere within the frames of a message never doubles one', async () => {
    const connection = connect();
    const ledger = new Ledger();
    const queue = new Queue<string>('cut');
    await queue.declare(connection);
    const producer = connection.producer({ timeout: 10_000 });
    for (let offset = 0; offset < 250; offset += 9) {
      const warm = ledger.newId();
      await ledger.track(
        warm,
        producer.publish(warm, { routingKey: 'cut' }).then(({ guarantee }) => guarantee),
      );
      proxy.cutAfter(offset, 'upstream');
      const ids = [ledger.newId(), ledger.newId()];
      await Promise.all(
        ids.map((id) =>
          ledger.track(
            id,
            producer.publish(id, { routingKey: 'cut' }).then(({ guarantee }) => guarantee),
          ),
        ),
      );
      await proxy.heal();
    }
    await using reader = await RawChannel.open(broker.url);
    for (const id of await reader.drain('cut')) ledger.delivered(id, false);
    ledger.assertNothingLost();
  });

  it('R45: by many at a time over a link that stutters leaves each message whole', async () => {
    const connection = connect();
    const queue = new Queue<Buffer>('whole');
    const producer = connection.producer({ timeout: 20_000 });
    await producer.publish('first', { routingKey: 'whole', declare: [queue] });
    await proxy.connected(2);
    const bodies = Array.from({ length: 60 }, (_, index) => Buffer.alloc(1000 + index * 5000, index));
    const publishes = bodies.map(async (body, index) => {
      if (index % 7 === 0) await sleep(index);
      if (index % 10 === 0) proxy.connections[1]?.stall('upstream');
      if (index % 10 === 5) await proxy.heal();
      return producer.publish(body, { routingKey: 'whole', confirm: index % 2 === 0, contentType: 'application/data' });
    });
    await sleep(100);
    await proxy.heal();
    await Promise.all(publishes);
    await eventually('all of them', async () => (await queue.size(connection)) === 61);
    await using reader = await RawChannel.open(broker.url);
    await reader.channel.get('whole', { noAck: true });
    const seen = new Set<number>();
    for (const _ of bodies) {
      const body = (await reader.channel.get('whole', { noAck: true }))?.envelope.body ?? Buffer.alloc(1);
      const index = body[0] as number;
      expect(body.equals(bodies[index] as Buffer)).toBe(true);
      seen.add(index);
    }
    expect(seen.size).toBe(60);
  });
});

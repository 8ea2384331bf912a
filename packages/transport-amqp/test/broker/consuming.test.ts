import type { Message } from '@kombu/core';
import { Queue } from '@kombu/core';
import { DecodeError } from '@kombu/core/spi';
import type { Socket } from 'node:net';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { AmqpConnections } from '../../src/index.ts';
import { TestBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { RawChannel } from '../support/raw-channel.ts';

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.open();
});
afterEach(() => broker.closeConnections());
afterAll(() => broker.close());

const socketOf = (unwrapped: unknown): Socket =>
  ((unwrapped as AmqpConnections).consuming.connection as unknown as { stream: Socket }).stream;

async function fill(queue: Queue, bodies: readonly string[]): Promise<void> {
  const connection = broker.connection();
  const producer = connection.producer();
  await queue.declare(connection);
  await Promise.all(bodies.map((body) => producer.publish(body, { routingKey: queue.name })));
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);

describe('consuming', () => {
  it('acks runs of messages in one frame each, and none too many', async () => {
    const queue = new Queue<string>('coalesced');
    await fill(queue, numbered(1000));
    const connection = broker.connection();
    await connection.connect();
    const before = socketOf(connection.unwrap()).bytesWritten;
    let acked = 0;
    let kept: Message<string> | undefined;
    const consumer = await connection.consume(
      queue,
      async (body, message) => {
        if (body === 'm500') {
          kept = message;
          return;
        }
        await message.ack();
        acked += 1;
      },
      { prefetch: 100 },
    );
    await eventually('999 acks', () => acked === 999);
    // An ack frame has 21 bytes.
    expect(socketOf(connection.unwrap()).bytesWritten - before).toBeLessThan(999 * 21);
    await kept?.requeue();
    await consumer.cancel();
    await connection.close();
    const reader = broker.connection();
    expect((await queue.get(reader, { noAck: true }))?.payload).toBe('m500');
    expect(await queue.get(reader)).toBeUndefined();
  });

  it('keeps an auto-delete queue while the prefetch changes', async () => {
    const queue = new Queue<string>('auto', { autoDelete: true });
    const connection = broker.connection();
    const got: string[] = [];
    const consumer = await connection.consume(
      queue,
      async (body, message) => {
        got.push(body);
        await message.ack();
      },
      { prefetch: 1 },
    );
    await consumer.qos({ prefetchCount: 5 });
    await consumer.qos({ prefetchCount: 2 });
    await connection.producer().publish('still here', { routingKey: 'auto', mandatory: true });
    await eventually('the message', () => got.length === 1);
    await consumer.cancel();
    await expect(connection.producer().publish('gone', { routingKey: 'auto', mandatory: true })).rejects.toMatchObject({
      code: 'UNROUTABLE',
    });
  });

  it('never hands out more than the prefetch while it changes, in order, and gives the rest back', async () => {
    const queue = new Queue<string>('changing');
    await fill(queue, numbered(30));
    const raw = await RawChannel.open(broker.url);
    const { channel, deliveries } = raw;
    await raw.consume('changing', { prefetch: 5 });
    await eventually('five', () => deliveries.length === 5);
    await channel.setPrefetch('c', 3);
    for (const { deliveryTag } of deliveries.slice(0, 2)) await channel.ack(deliveryTag);
    await channel.setPrefetch('c', 4);
    await eventually('one more', () => deliveries.length === 6);
    for (const { deliveryTag } of deliveries.slice(2, 6)) await channel.ack(deliveryTag);
    await eventually('four more', () => deliveries.length === 10);
    await channel.cancel('c');
    expect(raw.bodies).toEqual(numbered(10));
    for (const { deliveryTag } of deliveries.slice(6)) await channel.ack(deliveryTag);
    await raw.connection.close();
    await using reader = await RawChannel.open(broker.url);
    expect(await reader.drain('changing')).toEqual(numbered(30).slice(10));
  });

  it('counts deliveries on a quorum queue', async () => {
    const queue = new Queue<string>('quorum', { queueArguments: { 'x-queue-type': 'quorum' } });
    await fill(queue, ['x']);
    const connection = broker.connection();
    const counts: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      let message: Message<string> | undefined;
      await eventually('the message', async () => (message = await queue.get(connection)) !== undefined);
      counts.push(message?.deliveryCount ?? 0);
      await message?.requeue();
    }
    expect(counts).toEqual([0, 1, 2]);
  });

  it('reads a stream from its beginning, again and again', async () => {
    const queue = new Queue<string>('stream', { queueArguments: { 'x-queue-type': 'stream' } });
    await fill(queue, numbered(20));
    for (let round = 0; round < 2; round++) {
      const connection = broker.connection();
      const got: Message<string>[] = [];
      const consumer = await connection.consume(
        queue,
        async (_, message) => {
          got.push(message);
          await message.ack();
        },
        { prefetch: 5, consumerArguments: { 'x-stream-offset': 'first' } },
      );
      await eventually('the stream', () => got.length === 20);
      expect(got.map((message) => message.payload)).toEqual(numbered(20));
      expect(got.map((message) => message.headers['x-stream-offset'])).toEqual(numbered(20).map((_, index) => index));
      await expect(consumer.qos({ prefetchCount: 10 })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
      await consumer.close();
    }
  });

  it('delivers a message whose headers it will not read, with the reason, and lives on', async () => {
    const queue = new Queue<string>('deep');
    const connection = broker.connection();
    await queue.declare(connection);
    const { consuming } = connection.unwrap() as AmqpConnections;
    const foreign = await consuming.createConfirmChannel();
    let deep: Record<string, unknown> = {};
    for (let level = 0; level < 100; level++) deep = { deep };
    foreign.sendToQueue('deep', Buffer.from('raw'), { headers: deep, contentType: 'text/plain' });
    await foreign.waitForConfirms();
    const message = await queue.get(connection);
    expect(message?.error).toBeInstanceOf(DecodeError);
    expect(message?.body.toString()).toBe('raw');
    expect(() => message?.payload).toThrow(DecodeError);
    await message?.reject();
    await connection.producer().publish('good', { routingKey: 'deep' });
    expect((await queue.get(connection, { noAck: true }))?.payload).toBe('good');
    expect(connection.generation).toBe(1);
  });

  it('says when it last heard of the broker, which heartbeats keep recent', async () => {
    const queue = new Queue('heartbeats');
    const connection = broker.connection({ heartbeat: 1000 });
    const consumer = await connection.consume(queue, () => {});
    const lastRead = (): number => consumer.health()[0]?.lastReadAt ?? 0;
    const first = lastRead();
    expect(first).toBeGreaterThan(Date.now() - 10_000);
    await eventually('a heartbeat', () => lastRead() > first);
  });

  it('refuses prefetch values that the protocol has no room for', async () => {
    await using raw = await RawChannel.open(broker.url);
    for (const prefetch of [-1, 1.5, 65_536]) {
      await expect(raw.consume('q', { prefetch })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    await expect(raw.channel.setPrefetch('nobody', 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('refuses a consumer without a tag, which the broker would give one that nobody here knows', async () => {
    await using raw = await RawChannel.open(broker.url);
    await expect(raw.consume('q', { consumerTag: '' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('R15: settles nothing any more that the broker is taking back, and the channel lives on', async () => {
    await using raw = await RawChannel.open(broker.url);
    const { channel, deliveries } = raw;
    await raw.declare('recovered');
    for (const body of ['a', 'b', 'c']) await raw.publish(body, { routingKey: 'recovered' });
    await raw.consume('recovered');
    await eventually('three', () => deliveries.length === 3);
    const [first, second, third] = deliveries.map(({ deliveryTag }) => deliveryTag) as [number, number, number];
    expect(await channel.ack(third)).toBe('ok');
    const recovered = [channel.recover(), channel.recover()];
    // When the requests have left, and the broker may have done what they ask for.
    await setImmediate();
    expect(await channel.ack(first)).toBe('lease-lost');
    expect(await channel.reject(second, { requeue: false })).toBe('lease-lost');
    await Promise.all(recovered);
    expect(await channel.ack(first)).toBe('lease-lost');
    await eventually('the two again', () => raw.bodies.filter((body) => body === 'b').length > 1);
    await setTimeout(50);
    const last = new Map(deliveries.map((delivery) => [delivery.envelope.body.toString(), delivery]));
    for (const body of ['a', 'b']) {
      expect(last.get(body)?.redelivered).toBe(true);
      expect(await channel.ack(last.get(body)?.deliveryTag ?? 0)).toBe('ok');
    }
    await channel.close();
    expect(raw.ends).toEqual([undefined]);
    await using reader = await RawChannel.open(broker.url);
    expect(await reader.drain('recovered')).toEqual([]);
  });
});

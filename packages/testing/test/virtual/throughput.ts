/**
 * How the virtual layer compares with the least that anybody could do. Not a test: it prints ratios. Both run in turns in one
 * process, because rates drift with the machine and ratios hold.
 */
import { randomUUID } from 'node:crypto';
import type { Delivery, TransportChannel } from '@kombu/core/spi';
import { systemClock } from '@kombu/core/spi';
import { createMemoryTransport } from '../../src/memory/memory-transport.ts';
import { RecordingLogger, consume, envelope, queue, target, toQueue } from './rig.ts';

const count = 50_000;
const rounds = 7;
const message = envelope(JSON.stringify({ id: 1, text: 'x'.repeat(80) }));
const route = toQueue('q');

/** An array of envelopes, a map of the unacked, and nothing else. */
function bareLoop(): void {
  const stored: string[] = [];
  const unacked = new Map<string, unknown>();
  for (let index = 0; index < count; index++) {
    stored.push(
      JSON.stringify({
        body: message.body.toString('base64'),
        'content-encoding': 'utf-8',
        'content-type': 'application/json',
        headers: {},
        properties: {
          delivery_mode: 2,
          delivery_info: { exchange: '', routing_key: 'q' },
          priority: 0,
          body_encoding: 'base64',
          delivery_tag: randomUUID(),
        },
      }),
    );
  }
  for (const text of stored) {
    const { body, properties } = JSON.parse(text) as { body: string; properties: { delivery_tag: string } };
    unacked.set(properties.delivery_tag, Buffer.from(body, 'base64'));
    unacked.delete(properties.delivery_tag);
  }
}

interface Consumer {
  readonly channel: TransportChannel;
  done: () => void;
}

async function start(): Promise<Consumer> {
  const context = {
    logger: new RecordingLogger(),
    clock: systemClock,
    random: Math.random,
    signal: new AbortController().signal,
  };
  const connection = await createMemoryTransport().connect(target(), context);
  let left = count;
  const ack = async (delivery: Delivery): Promise<void> => {
    await consumer.channel.ack(delivery.deliveryTag);
    left -= 1;
    if (left > 0) return;
    left = count;
    consumer.done();
  };
  const channel = await connection.openChannel({
    delivery: (delivery) => void ack(delivery),
    returned() {},
    cancelled() {},
    flow() {},
    closed() {},
  });
  const consumer: Consumer = { channel, done() {} };
  await channel.declareQueue(queue('q'));
  await channel.consume(consume('q', { prefetch: 100 }));
  return consumer;
}

async function throughChannel(consumer: Consumer): Promise<void> {
  const done = new Promise<void>((resolve) => {
    consumer.done = resolve;
  });
  const published: Promise<unknown>[] = [];
  for (let index = 0; index < count; index++) {
    published.push(consumer.channel.publish(message, route));
    if (published.length === 1000) await Promise.all(published.splice(0));
  }
  await Promise.all(published);
  await done;
}

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const microseconds = (started: number): number => (cpu() - started) / count;
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const consumer = await start();
const bare: number[] = [];
const channel: number[] = [];
for (let round = 0; round < rounds; round++) {
  let started = cpu();
  bareLoop();
  bare.push(microseconds(started));
  started = cpu();
  await throughChannel(consumer);
  channel.push(microseconds(started));
}
const [loop, layer] = [median(bare), median(channel)];
console.log(`bare loop ${loop.toFixed(2)} us/message, virtual channel ${layer.toFixed(2)} us/message`);
console.log(`ratio ${(loop / layer).toFixed(2)} (1 would be as fast as the bare loop)`);
process.exit();

/**
 * How the virtual layer compares with the least that anybody could do: after a build, `node throughput.mjs` prints the ratio.
 * Both run in turns in one process, because rates drift with the machine and ratios hold; CPU time is the steadier figure.
 */
import { randomUUID } from 'node:crypto';
import { systemClock } from '@kombu/core/spi';
import { createMemoryTransport } from '@kombu/testing';

const count = 50_000;
const rounds = 9;
/** Publishes in flight at a time. */
const window = 1000;

const message = {
  body: Buffer.from(JSON.stringify({ id: 1, text: 'x'.repeat(80) })),
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  headers: {},
  properties: { deliveryMode: 2 },
};
const route = { exchange: '', routingKey: 'q', mandatory: false, confirm: true };

/** An array of envelopes, a map of the unacked, and nothing else. */
function bareLoop() {
  const stored = [];
  const unacked = new Map();
  for (let index = 0; index < count; index++) {
    const envelope = {
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
    };
    stored.push(JSON.stringify(envelope));
  }
  for (const text of stored) {
    const { body, properties } = JSON.parse(text);
    unacked.set(properties.delivery_tag, Buffer.from(body, 'base64'));
    unacked.delete(properties.delivery_tag);
  }
}

/** A channel of the memory transport with a consumer that acks each message and awaits it. */
async function open() {
  const logger = { debug() {}, info() {}, warn: console.warn, error: console.error };
  const context = { logger, clock: systemClock, random: Math.random, signal: new AbortController().signal };
  const target = { options: {}, query: {} };
  const connection = await createMemoryTransport().connect(target, context);
  const consumer = { channel: undefined, left: count, done() {} };
  const ack = async (delivery) => {
    await consumer.channel.ack(delivery.deliveryTag);
    consumer.left -= 1;
    if (consumer.left === 0) consumer.done();
  };
  const events = { delivery: (delivery) => void ack(delivery), returned() {}, cancelled() {}, flow() {}, closed() {} };
  consumer.channel = await connection.openChannel(events);
  const queue = { name: 'q', durable: true, exclusive: false, autoDelete: false, arguments: {}, passive: false };
  await consumer.channel.declareQueue(queue);
  const options = { queue: 'q', consumerTag: 'c', noAck: false, exclusive: false, prefetch: 100, arguments: {} };
  await consumer.channel.consume(options);
  return { consumer, connection };
}

async function throughChannel(consumer) {
  consumer.left = count;
  const done = new Promise((resolve) => {
    consumer.done = resolve;
  });
  for (let sent = 0; sent < count; sent += window) {
    const published = [];
    for (let index = 0; index < window; index++) published.push(consumer.channel.publish(message, route));
    await Promise.all(published);
  }
  await done;
}

/** CPU microseconds per message. */
async function measure(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const { consumer, connection } = await open();
const bare = [];
const layer = [];
for (let round = 0; round < rounds; round++) {
  bare.push(await measure(bareLoop));
  layer.push(await measure(() => throughChannel(consumer)));
}
await connection.close();
const [loop, channel] = [median(bare), median(layer)];
console.log(
  `bare loop ${loop.toFixed(2)} us/message, channel of the memory transport ${channel.toFixed(2)} us/message`,
);
console.log(`ratio ${(loop / channel).toFixed(2)} (1: as fast as the bare loop)`);

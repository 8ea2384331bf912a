import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { textOf } from '../messages.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** Any name of up to 255 bytes works everywhere. */
export const names: readonly TransportCase[] = group('names', {
  queues: {
    title: 'queues with unusual names hold their own messages, can be counted, purged and deleted',
    why: 'escaping differs per broker and collides; __proto__ breaks plain objects',
    async run(t) {
      const channel = await t.channel();
      const queues: string[] = [];
      for (const name of oddNames(t)) {
        queues.push(await t.queue(channel, { name }));
        await channel.purgeQueue(name);
      }
      for (const queue of queues) await channel.send(queue, queue);
      for (const queue of queues) assert.equal(await channel.count(queue), 1, `messages in ${queue}`);
      for (const queue of queues) assert.equal(textOf(await channel.take(queue, { noAck: true })), queue);
      await t.settle();
      for (const queue of queues) await channel.nothing(queue, 'it held one message');
      for (const queue of queues) await channel.deleteQueue(queue);
      assert.equal(({} as Record<string, unknown>)['messages'], undefined, 'no prototype was changed');
    },
  },
  'routing-keys': {
    title: 'routing keys are compared as they are, whatever they hold',
    why: 'a key that is escaped on one side only matches nothing',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const keys = [...unusual, ...reserved, '', ' ', 'a'.repeat(255)];
      const queues = new Map<string, string>();
      for (const key of keys) {
        const queue = await t.queue(channel);
        await channel.bind(queue, exchange, key);
        queues.set(key, queue);
      }
      for (const key of keys) await channel.publish(exchange, key, key, { mandatory: true });
      for (const [key, queue] of queues) {
        const delivery = await channel.take(queue);
        assert.deepEqual([textOf(delivery), delivery.routingKey], [key, key], `routing key '${key}'`);
        await channel.ack(delivery);
      }
      await t.settle();
      for (const [key, queue] of queues) await channel.nothing(queue, `the queue of routing key '${key}'`);
    },
  },
  exchanges: {
    title: 'exchanges with unusual names work',
    why: 'their names end up in keys, tables and topics of the broker',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      for (const exchange of oddNames(t)) {
        await channel.declareExchange(t.willDeclare('exchange', exchange), 'direct');
        await channel.bind(queue, exchange, 'key');
        await channel.publish(exchange, 'key', exchange);
        const delivery = await channel.take(queue, { noAck: true });
        assert.deepEqual([textOf(delivery), delivery.exchange], [exchange, exchange]);
        await channel.deleteExchange(exchange);
      }
    },
  },
  'consumer-tags': {
    title: 'consumers with unusual tags are told apart and can be cancelled',
    why: 'tags are chosen by the application',
    async run(t) {
      const channel = await t.channel();
      for (const consumerTag of [...unusual, ...reserved]) {
        const queue = await t.queue(channel);
        await channel.consume(queue, { consumerTag, noAck: true });
        await channel.send(queue, 'x');
        assert.equal((await channel.next()).consumerTag, consumerTag);
        await channel.cancel(consumerTag);
        await channel.send(queue, 'y');
        assert.equal(textOf(await channel.take(queue)), 'y', `the consumer '${consumerTag}' is cancelled`);
      }
    },
  },
});

/** Names that differ in one character only, so that careless escaping makes them one. */
function oddNames(t: TransportTest): readonly string[] {
  const suffix = t.name('');
  return [...unusual.map((name) => `${name}${suffix}`), ...reserved];
}

const unusual: readonly string[] = [
  'dots.and.more.dots',
  'a queue with spaces',
  'slashes/and\\backslashes',
  'grüße-你好-🎈',
  'percent%2Fencoded%00',
  'quotes"and\'apostrophes`',
  'colon:semicolon;comma,pipe|',
  'stars*and#hashes',
  'UPPER and lower',
  'upper and LOWER',
  'a.b',
  'a-b',
  'a_b',
  'a b',
  'ab',
  'braces{with}tags',
  '_leading-underscore',
  'x'.repeat(120),
];

const reserved: readonly string[] = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

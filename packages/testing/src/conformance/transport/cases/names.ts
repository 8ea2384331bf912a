import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { textOf } from '../messages.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** Any text is a name, and two names are never one. */
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
  prefixes: {
    title: 'queues whose names begin alike stay apart, also when one of them is purged or deleted',
    why: 'listing keys by a prefix or a pattern finds those of others too',
    async run(t) {
      const channel = await t.channel();
      const base = t.name('queue');
      const ends = ['', '.', '.a', 'a', ':a', '/a', '*', '?', '#', '[a]', ' a', '%', '-dlq', '\u0006\u00163'];
      const family = ends.map((end) => `${base}${end}`);
      for (const name of family) await t.queue(channel, { name });
      for (const name of family) await channel.send(name, name);
      const [whole, , , , , , star] = family as [string, ...string[]];
      assert.equal(await channel.purgeQueue(star ?? ''), 1, 'messages purged by the name with a *');
      assert.equal(await channel.deleteQueue(whole), 1, 'messages deleted with the shortest name');
      for (const name of family) {
        if (name === whole || name === star) continue;
        assert.equal(textOf(await channel.take(name, { noAck: true })), name);
        await channel.nothing(name, 'it held one message');
      }
    },
  },
  long: {
    title: 'names of 250 bytes work and stay apart, or are refused with INVALID_ARGUMENT or LIMIT_EXCEEDED',
    why: 'a name that is cut somewhere leads to the queue of another',
    requires: ['exchange:direct'],
    async run(t) {
      const ends = ['1', '2'];
      const name = t.name('long');
      const pairs = ends.map((end) => [name.padEnd(249, 'q') + end, name.padEnd(249, 'e') + end] as const);
      const works = await Promise.all(pairs.map(([queue, exchange]) => worksWithNames(t, queue, exchange)));
      assert.equal(works[0], works[1], 'both names are taken, or both are refused');
      if (!works[0]) return;
      const channel = await t.channel();
      for (const [queue, exchange] of pairs) await channel.publish(exchange, 'key', queue);
      for (const [queue] of pairs) assert.deepEqual(await channel.drain(queue, 1), [queue]);
    },
  },
  'line-ends': {
    title: 'names with line ends work, or are refused with INVALID_ARGUMENT',
    why: 'RabbitMQ takes line ends out of the names that it declares, and only there: nobody finds them again',
    requires: ['exchange:direct'],
    async run(t) {
      await worksWithNames(t, t.name(`queue ${lineEnds}`), t.name(`exchange ${lineEnds}`));
    },
  },
  'routing-keys': {
    title: 'routing keys are compared as they are, whatever they hold',
    why: 'a key that is escaped on one side only matches nothing',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const keys = [...unusual, lineEnds, ...reserved, '', ' ', 'a'.repeat(255)];
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
      for (const consumerTag of [...unusual, lineEnds, ...reserved]) {
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

/** Declares and binds; resolves to false when these names are refused. */
async function worksWithNames(t: TransportTest, queue: string, exchange: string): Promise<boolean> {
  const channel = await t.channel();
  t.willDeclare('exchange', exchange);
  const use = async (): Promise<true> => {
    await t.queue(channel, { name: queue });
    await channel.declareExchange(exchange, 'direct');
    await channel.bind(queue, exchange, 'key');
    await channel.publish('', queue, 'first', { mandatory: true });
    assert.equal(textOf(await channel.take(queue, { noAck: true })), 'first');
    return true;
  };
  return use().catch((error: unknown) => {
    if (error instanceof assert.AssertionError) throw error;
    assert.match(t.codeOf(error), /^(INVALID_ARGUMENT|LIMIT_EXCEEDED)$/, String(error));
    return false;
  });
}

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
  ' blanks around ',
  'globs [ab]? and {x,y}',
  'a\ttab',
  'x'.repeat(120),
];

const lineEnds = 'new\nline and\r\nanother';

const reserved: readonly string[] = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

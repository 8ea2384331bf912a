import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { envelopeOf } from '../messages.ts';
import type { TestChannel } from '../test-channel.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';
import { topicTable } from './topic-table.ts';

/** Exchanges choose queues as AMQP 0-9-1 says, and every chosen queue gets one copy. */
export const routing: readonly TransportCase[] = group('routing', {
  'default-exchange': {
    title: 'the default exchange leads to the queue named by the routing key, and to no other',
    why: 'every queue is reachable by its name without a binding',
    async run(t) {
      const channel = await t.channel();
      const [one, other] = [await t.queue(channel), await t.queue(channel)];
      await channel.publish('', one, 'for one');
      assert.deepEqual(await channel.drain(one, 1), ['for one']);
      await channel.empty(other);
    },
  },
  direct: {
    title: 'a direct exchange leads to every queue bound with exactly this key',
    why: 'AMQP 0-9-1: keys are equal or they are not',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const keys = ['red', 'red', 'Red', 're', 'red.', ''];
      const queues = await boundQueues(t, channel, exchange, keys);
      await channel.publish(exchange, 'red', 'to red');
      await channel.publish(exchange, '', 'to nothing');
      const got = await drainAll(t, channel, queues);
      assert.deepEqual(got, [['to red'], ['to red'], [], [], [], ['to nothing']], `queues bound with ${keys.join()}`);
    },
    otherwise: (t) => refusesType(t, 'direct'),
  },
  topic: {
    title: 'a topic exchange matches words exactly as AMQP does',
    why: "Kombu's regular expressions let * cross dots and a.# miss a",
    requires: ['exchange:topic'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'topic');
      const patterns = Object.keys(topicTable.expected);
      const queues = await boundQueues(t, channel, exchange, patterns);
      for (const key of topicTable.keys) await channel.publish(exchange, key, key);
      const got = await drainAll(t, channel, queues);
      for (const [index, pattern] of patterns.entries()) {
        const expected = topicTable.expected[pattern] ?? [];
        assert.deepEqual(got[index], expected.toSorted(), `keys that match '${pattern}'`);
      }
    },
    otherwise: (t) => refusesType(t, 'topic'),
  },
  fanout: {
    title: 'a fanout exchange leads to all its queues, whatever the key, and to no other',
    why: 'drivers without fan-out dropped such messages silently, others lose some (R36)',
    requires: ['exchange:fanout'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'fanout');
      const queues = await boundQueues(t, channel, exchange, ['', 'a', 'b', 'a.b', '#']);
      const unbound = await t.queue(channel);
      await channel.publish(exchange, 'any', 'first');
      await channel.publish(exchange, '', 'second');
      for (const queue of queues) t.same(await channel.drain(queue, 2), ['first', 'second'], queue);
      await channel.empty(unbound);
    },
    otherwise: (t) => refusesType(t, 'fanout'),
  },
  'headers-all': {
    title: 'a headers exchange with x-match all, the default, wants every header equal',
    why: 'advertised and missing in Kombu',
    requires: ['exchange:headers'],
    async run(t) {
      const all = { 'x-match': 'all', format: 'pdf', pages: 2 };
      const got = await matchHeaders(t, [all, { format: 'pdf', pages: 2 }, { 'x-match': 'all' }]);
      assert.deepEqual(got, [['both', 'more'], ['both', 'more'], Object.keys(samples)]);
    },
    otherwise: (t) => refusesType(t, 'headers'),
  },
  'headers-any': {
    title: 'a headers exchange with x-match any wants one header equal',
    why: 'advertised and missing in Kombu',
    requires: ['exchange:headers'],
    async run(t) {
      const got = await matchHeaders(t, [{ 'x-match': 'any', format: 'pdf', pages: 2 }]);
      assert.deepEqual(got, [['both', 'more', 'one', 'text']]);
    },
  },
  'one-copy-direct': {
    title: 'a queue bound twice with the same key gets one copy',
    why: 'AMQP 0-9-1: one copy per queue',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const [queue] = await boundQueues(t, channel, exchange, ['key']);
      assert.ok(queue);
      await channel.bind(queue, exchange, 'key');
      await channel.publish(exchange, 'key', 'once');
      assert.deepEqual(await channel.drain(queue, 1), ['once']);
    },
  },
  'one-copy-topic': {
    title: 'a queue whose patterns overlap gets one copy',
    why: 'AMQP 0-9-1: one copy per queue',
    requires: ['exchange:topic'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'topic');
      const queue = await t.queue(channel);
      for (const pattern of ['a.#', '*.b', 'a.b', '#']) await channel.bind(queue, exchange, pattern);
      await channel.publish(exchange, 'a.b', 'once');
      assert.deepEqual(await channel.drain(queue, 1), ['once']);
    },
  },
  'one-copy-fanout': {
    title: 'a queue bound to a fanout exchange with two keys gets one copy',
    why: 'AMQP 0-9-1: one copy per queue',
    requires: ['exchange:fanout'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'fanout');
      const queue = await t.queue(channel);
      for (const key of ['a', 'b']) await channel.bind(queue, exchange, key);
      await channel.publish(exchange, '', 'once');
      assert.deepEqual(await channel.drain(queue, 1), ['once']);
    },
  },
  origin: {
    title: 'a delivery says which exchange and routing key it came through, by get and by push',
    why: 'replies and retries are addressed by them',
    requires: ['exchange:topic'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'topic');
      const [pulled, pushed] = await boundQueues(t, channel, exchange, ['#', '#']);
      assert.ok(pulled && pushed);
      await channel.publish(exchange, 'some.key', 'x');
      await channel.consume(pushed);
      for (const delivery of [await channel.take(pulled), await channel.next()]) {
        assert.deepEqual([delivery.exchange, delivery.routingKey], [exchange, 'some.key']);
      }
    },
  },
  'fanout-offline': {
    title: 'a durable queue bound to a fanout exchange collects messages while nobody is there',
    why: 'fan-out by a channel of its own kept nothing for who was away (R36)',
    requires: ['exchange:fanout', 'sharedBindings'],
    async run(t) {
      const owner = await t.connect();
      const channel = await owner.channel();
      const exchange = await t.exchange(channel, 'fanout');
      const queues = await boundQueues(t, channel, exchange, ['', '']);
      await owner.close();
      const publisher = await (await t.connect()).channel();
      await publisher.declareExchange(exchange, 'fanout');
      for (const body of ['first', 'second']) await publisher.publish(exchange, '', body);
      for (const queue of queues) {
        const reader = await t.reader(queue);
        t.same(await reader.drain(queue, 2), ['first', 'second'], 'one copy of each');
      }
    },
  },
  'shared-bindings': {
    title: 'a message published on another connection finds the bindings',
    why: 'publishers and consumers are different processes',
    requires: ['sharedBindings', 'exchange:topic'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'topic');
      const [queue] = await boundQueues(t, channel, exchange, ['news.*']);
      assert.ok(queue);
      const publisher = await (await t.connect()).channel();
      await publisher.declareExchange(exchange, 'topic');
      await publisher.publish(exchange, 'news.today', 'found');
      await publisher.publish(exchange, 'weather.today', 'lost');
      assert.deepEqual(await channel.drain(queue, 1), ['found']);
    },
  },
});

/** Declares one queue per key and binds it with that key. */
async function boundQueues(
  t: TransportTest,
  channel: TestChannel,
  exchange: string,
  keys: readonly string[],
): Promise<readonly string[]> {
  const queues: string[] = [];
  for (const key of keys) {
    const queue = await t.queue(channel);
    await channel.bind(queue, exchange, key);
    queues.push(queue);
  }
  return queues;
}

/** What each queue holds, sorted, once everything has arrived. */
async function drainAll(
  t: TransportTest,
  channel: TestChannel,
  queues: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const contents = queues.map((): string[] => []);
  // Twice: not every broker shows all it has at the first look.
  for (let look = 0; look < 2; look++) {
    await t.settle();
    for (const [index, queue] of queues.entries()) contents[index]?.push(...(await channel.drainAll(queue)));
  }
  return contents.map((each) => each.toSorted());
}

const samples = {
  both: { format: 'pdf', pages: 2 },
  more: { format: 'pdf', pages: 2, color: 'red' },
  none: {},
  one: { format: 'pdf', pages: 3 },
  string: { format: 'txt', pages: '2' },
  text: { format: 'txt', pages: 2 },
};

/** Binds one queue per table of arguments; resolves to the samples that each of them got. */
async function matchHeaders(t: TransportTest, tables: readonly object[]): Promise<readonly (readonly string[])[]> {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'headers');
  const queues: string[] = [];
  for (const table of tables) {
    const queue = await t.queue(channel);
    await channel.bind(queue, exchange, '', { ...table });
    queues.push(queue);
  }
  for (const [name, headers] of Object.entries(samples)) {
    await channel.publish(exchange, '', envelopeOf(name, { headers }));
  }
  return drainAll(t, channel, queues);
}

async function refusesType(t: TransportTest, type: string): Promise<void> {
  const channel = await t.channel();
  const name = t.willDeclare('exchange', t.name(type));
  await t.rejects(channel.declareExchange(name, type), 'UNSUPPORTED', `declareExchange of type ${type}`);
}

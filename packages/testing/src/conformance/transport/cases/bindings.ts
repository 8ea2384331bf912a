import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { envelopeOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** Bindings come, go and chain. */
export const bindings: readonly TransportCase[] = group('bindings', {
  unbind: {
    title: 'unbind stops exactly the binding it names',
    why: 'a binding that stays fills a queue that nobody reads',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const [queue, sibling] = [await t.queue(channel), await t.queue(channel)];
      for (const key of ['stay', 'go']) await channel.bind(queue, exchange, key);
      await channel.bind(sibling, exchange, 'go');
      await channel.unbind(queue, exchange, 'go');
      await channel.publish(exchange, 'go', 'gone');
      await channel.publish(exchange, 'stay', 'stayed');
      assert.deepEqual(await channel.drain(queue, 1), ['stayed']);
      assert.deepEqual(await channel.drain(sibling, 1), ['gone'], 'the same key of another queue');
    },
  },
  'unbind-fanout': {
    title: 'unbind ends the flow from a fanout exchange',
    why: 'fan-out takes a path of its own in many transports',
    requires: ['exchange:fanout'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'fanout');
      const [queue, sibling] = [await t.queue(channel), await t.queue(channel)];
      for (const each of [queue, sibling]) await channel.bind(each, exchange);
      await channel.unbind(queue, exchange);
      await channel.publish(exchange, '', 'x');
      assert.deepEqual(await channel.drain(sibling, 1), ['x']);
      await channel.empty(queue);
    },
  },
  idempotent: {
    title: 'binding twice is binding once, and unbinding what is not bound does nothing',
    why: 'every process of a fleet declares the same topology',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const queue = await t.queue(channel);
      await channel.bind(queue, exchange, 'key');
      await channel.bind(queue, exchange, 'key');
      await channel.unbind(queue, exchange, 'other');
      await channel.publish(exchange, 'key', 'once');
      assert.deepEqual(await channel.drain(queue, 1), ['once']);
      await channel.unbind(queue, exchange, 'key');
      await channel.publish(exchange, 'key', 'never');
      await channel.empty(queue);
    },
  },
  'missing-ends': {
    title: 'bind rejects with NOT_FOUND when the exchange or the queue does not exist',
    why: 'the SPI says so; a binding into nothing loses messages silently (R28)',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const queue = await t.queue(channel);
      const missing = t.name('missing');
      await t.rejects((await t.channel()).bind(queue, missing), 'NOT_FOUND', 'bind to a missing exchange');
      await t.rejects((await t.channel()).bind(missing, exchange), 'NOT_FOUND', 'bind of a missing queue');
      await channel.bind(queue, exchange, 'key');
      await channel.publish(exchange, 'key', 'works');
      assert.deepEqual(await channel.drain(queue, 1), ['works'], 'others go on');
    },
  },
  'beside-others': {
    title: 'bindings of one exchange that different connections made all count, with arguments and without',
    why: 'a table that is read anew forgot what it has no place for (R28)',
    requires: ['sharedBindings', 'exchange:headers'],
    async run(t) {
      const [here, there] = [await t.channel(), await (await t.connect()).channel()];
      const exchange = await t.exchange(here, 'headers');
      await there.declareExchange(exchange, 'headers');
      const [matching, all] = [await t.queue(here), await t.queue(there)];
      await here.bind(matching, exchange, '', { 'x-match': 'all', kind: 'a' });
      await there.bind(all, exchange);
      for (const kind of ['a', 'b']) await here.publish(exchange, '', envelopeOf(kind, { headers: { kind } }));
      assert.deepEqual(await here.drain(matching, 1), ['a']);
      t.same(await there.drain(all, 2), ['a', 'b'], 'the queue without arguments');
      await there.unbind(all, exchange);
      await here.publish(exchange, '', envelopeOf('c', { headers: { kind: 'a' } }));
      assert.deepEqual(await here.drain(matching, 1), ['c']);
      await there.empty(all);
    },
  },
  'exchange-to-exchange': {
    title: 'an exchange bound to an exchange passes on what matches, once, and until it is unbound',
    why: 'AMQP 0-9-1 of RabbitMQ, for topologies in layers',
    requires: ['exchangeBindings', 'exchange:direct', 'exchange:fanout'],
    async run(t) {
      const channel = await t.channel();
      const source = await t.exchange(channel, 'direct');
      const middle = await t.exchange(channel, 'fanout');
      const queue = await t.queue(channel);
      await channel.bindExchange(middle, source, 'pass');
      await channel.bind(queue, middle);
      await channel.bind(queue, source, 'pass');
      await channel.publish(source, 'pass', 'both ways');
      await channel.publish(source, 'other', 'no way');
      assert.deepEqual(await channel.drain(queue, 1), ['both ways'], 'one copy, although two ways lead there');
      await channel.unbind(queue, source, 'pass');
      await channel.publish(source, 'pass', 'one way');
      assert.deepEqual(await channel.drain(queue, 1), ['one way']);
      await channel.unbindExchange(middle, source, 'pass');
      await channel.publish(source, 'pass', 'no way');
      await channel.empty(queue);
    },
    async otherwise(t) {
      const channel = await t.channel();
      const [type] = t.capabilities.exchangeTypes;
      if (type === undefined) return;
      const [source, middle] = [await t.exchange(channel, type), await t.exchange(channel, type)];
      await t.rejects(channel.bindExchange(middle, source, 'key'), 'UNSUPPORTED', 'binding an exchange to an exchange');
    },
  },
  'exchange-cycle': {
    title: 'exchanges bound in a circle pass a message on once',
    why: 'a routing loop without memory never ends',
    requires: ['exchangeBindings', 'exchange:fanout'],
    async run(t) {
      const channel = await t.channel();
      const [one, two] = [await t.exchange(channel, 'fanout'), await t.exchange(channel, 'fanout')];
      const queue = await t.queue(channel);
      await channel.bindExchange(two, one);
      await channel.bindExchange(one, two);
      await channel.bind(queue, two);
      await channel.publish(one, '', 'round');
      assert.deepEqual(await channel.drain(queue, 1), ['round']);
    },
  },
  'alternate-exchange': {
    title: 'what an exchange cannot route goes to its alternate exchange, and only that',
    why: 'the broker-side answer to unroutable messages',
    requires: ['exchangeBindings', 'exchange:direct', 'exchange:fanout'],
    async run(t) {
      const channel = await t.channel();
      const alternate = await t.exchange(channel, 'fanout');
      const exchange = await t.exchange(channel, 'direct', { arguments: { 'alternate-exchange': alternate } });
      const [queue, rest] = [await t.queue(channel), await t.queue(channel)];
      await channel.bind(queue, exchange, 'known');
      await channel.bind(rest, alternate);
      await channel.publish(exchange, 'known', 'routed', { mandatory: true });
      await channel.publish(exchange, 'unknown', 'unrouted', { mandatory: true });
      assert.deepEqual(await channel.drain(queue, 1), ['routed']);
      assert.deepEqual(await channel.drain(rest, 1), ['unrouted']);
    },
    async otherwise(t) {
      const channel = await t.channel();
      const [type] = t.capabilities.exchangeTypes;
      if (type === undefined) return;
      const name = t.willDeclare('exchange', t.name(type));
      const asked = channel.declareExchange(name, type, { arguments: { 'alternate-exchange': t.name('other') } });
      await t.rejects(asked, 'UNSUPPORTED', 'declareExchange with an alternate exchange');
    },
  },
});

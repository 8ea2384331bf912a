import assert from 'node:assert/strict';
import type { Arguments, Delivery } from '@kombu/core/spi';
import { group } from '../../case.ts';
import { envelopeOf, textOf, withProperties } from '../messages.ts';
import type { TestChannel } from '../test-channel.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** Messages that a queue gives up go to its dead-letter exchange, with a record of what happened. */
export const deadLetter: readonly TransportCase[] = group('dead-letter', {
  rejected: {
    title: 'a rejected message goes to the dead-letter exchange with its routing key and an x-death record',
    why: 'no dead-letter story on most transports (R25)',
    requires: ['queueLimits', 'exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const [queue, grave] = [await deadLettered(t, channel, exchange), await t.queue(channel)];
      await channel.bind(grave, exchange, queue);
      const headers = { kept: 'yes' };
      await channel.publish('', queue, envelopeOf('x', { headers, properties: { deliveryMode: 2, messageId: 'm' } }));
      await channel.reject(await channel.take(queue));
      const dead = await channel.take(grave);
      assert.equal(textOf(dead), 'x');
      assert.equal(dead.envelope.headers['kept'], 'yes', 'headers are kept');
      assert.equal(dead.envelope.properties.messageId, 'm', 'properties are kept');
      assert.deepEqual([dead.exchange, dead.routingKey], [exchange, queue], 'the dead-letter exchange, the old key');
      expectDeath(dead, { queue, reason: 'rejected', exchange: '', count: 1 });
      await channel.empty(queue);
    },
    async otherwise(t) {
      const channel = await t.channel();
      const name = t.willDeclare('queue', t.name('queue'));
      const asked = channel.declareQueue(name, { arguments: { 'x-dead-letter-exchange': '' } });
      await t.rejects(asked, 'UNSUPPORTED', 'declareQueue with a dead-letter exchange');
    },
  },
  'routing-key': {
    title: 'x-dead-letter-routing-key replaces the routing key',
    why: 'the usual way to a plain dead-letter queue: the default exchange and its name',
    requires: ['queueLimits'],
    async run(t) {
      const channel = await t.channel();
      const grave = await t.queue(channel);
      const queue = await deadLettered(t, channel, '', { 'x-dead-letter-routing-key': grave });
      await channel.send(queue, 'x');
      await channel.reject(await channel.take(queue));
      const dead = await channel.take(grave);
      assert.deepEqual([textOf(dead), dead.routingKey], ['x', grave]);
      expectDeath(dead, { queue, reason: 'rejected', exchange: '', count: 1 });
    },
  },
  expired: {
    title: 'an expired message goes to the dead-letter exchange, and does not expire again there',
    why: 'retry ladders are built on it',
    requires: ['queueLimits', 'ttl'],
    async run(t) {
      const channel = await t.channel();
      const grave = await t.queue(channel);
      const queue = await deadLettered(t, channel, '', { 'x-dead-letter-routing-key': grave });
      await channel.send(queue, withProperties('x', { expiration: t.span(100) }));
      await t.advance(t.span(200));
      // Virtual transports notice when they read.
      await channel.empty(queue);
      const dead = await channel.take(grave);
      expectDeath(dead, { queue, reason: 'expired', exchange: '', count: 1 });
      assert.equal(dead.envelope.properties.expiration, undefined, 'the expiration is taken off');
    },
  },
  'max-length': {
    title: 'a message pushed out of a full queue goes to the dead-letter exchange',
    why: 'drop-head drops the oldest, and it is not lost',
    requires: ['queueLimits'],
    async run(t) {
      const channel = await t.channel();
      const grave = await t.queue(channel);
      const limit = { 'x-max-length': 2, 'x-dead-letter-routing-key': grave };
      const queue = await deadLettered(t, channel, '', limit);
      await channel.send(queue, 'a', 'b', 'c');
      const dead = await channel.take(grave);
      assert.equal(textOf(dead), 'a');
      expectDeath(dead, { queue, reason: 'maxlen', exchange: '', count: 1 });
      assert.deepEqual(await channel.drain(queue, 2), ['b', 'c']);
    },
  },
  again: {
    title: 'a message that dies twice of the same cause in the same queue has one record that counts 2',
    why: 'retry limits are read from x-death',
    requires: ['queueLimits'],
    async run(t) {
      const channel = await t.channel();
      const grave = await t.queue(channel);
      const queue = await deadLettered(t, channel, '', { 'x-dead-letter-routing-key': grave });
      await channel.send(queue, 'x');
      await channel.reject(await channel.take(queue));
      const once = await channel.take(grave, { noAck: true });
      await channel.publish('', queue, once.envelope);
      await channel.reject(await channel.take(queue));
      expectDeath(await channel.take(grave), { queue, reason: 'rejected', exchange: '', count: 2 });
    },
  },
  'only-the-dead': {
    title: 'acked and requeued messages are not dead-lettered',
    why: 'a copy in the dead-letter queue is a duplicate',
    requires: ['queueLimits'],
    async run(t) {
      const channel = await t.channel();
      const grave = await t.queue(channel);
      const queue = await deadLettered(t, channel, '', { 'x-dead-letter-routing-key': grave });
      await channel.send(queue, 'x');
      await channel.requeue(await channel.take(queue));
      await channel.ack(await channel.take(queue));
      await channel.empty(grave);
    },
  },
});

function deadLettered(t: TransportTest, channel: TestChannel, exchange: string, args: Arguments = {}): Promise<string> {
  return t.queue(channel, { arguments: { 'x-dead-letter-exchange': exchange, ...args } });
}

interface Death {
  readonly queue: string;
  readonly reason: string;
  readonly exchange: string;
  readonly count: number;
}

function expectDeath(dead: Delivery, expected: Death): void {
  const { headers } = dead.envelope;
  const deaths = headers['x-death'];
  assert.ok(Array.isArray(deaths), 'an x-death header that is a list');
  const {
    queue,
    reason,
    exchange,
    count,
    'routing-keys': keys,
  } = deaths[0] as Death & { readonly 'routing-keys': unknown };
  assert.deepEqual({ queue, reason, exchange, count }, expected, 'the newest record of x-death');
  assert.deepEqual(keys, [expected.queue], 'the routing keys it had');
  assert.equal(headers['x-first-death-queue'], expected.queue);
  assert.equal(headers['x-first-death-reason'], expected.reason);
}

import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { textOf, withProperties } from '../messages.ts';
import type { TestChannel } from '../test-channel.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** Higher numbers first; first in first out among equals. */
export const priority: readonly TransportCase[] = group('priority', {
  order: {
    title: 'messages of higher priority come first, in order of publishing among equals',
    why: 'on Redis the meaning was inverted and the order lost (R35)',
    requires: ['priority'],
    async run(t) {
      const channel = await t.channel();
      const queue = await priorityQueue(t, channel);
      // A fixed shuffle: 7 and 10 share no factor.
      const levels = Array.from({ length: 60 }, (_, index) => (index * 7) % 10);
      for (const [index, level] of levels.entries()) await sendAt(channel, queue, `p${level} m${index}`, level);
      const got = await channel.drain(queue, levels.length);
      const expected = levels
        .map((level, index) => ({ level, body: `p${level} m${index}` }))
        .toSorted((one, other) => other.level - one.level)
        .map((each) => each.body);
      t.same(got, expected, 'highest first, then oldest first');
      assert.deepEqual(got.map(levelOf), expected.map(levelOf), 'highest first');
    },
    async otherwise(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const asked = channel.publish('', queue, withProperties('x', { priority: 5 }));
      await t.rejects(asked, 'UNSUPPORTED', 'a publish with a priority');
      await sendAt(channel, queue, 'fine', 0);
      assert.deepEqual(await channel.drain(queue, 1), ['fine'], 'priority 0, which Kombu always sends');
    },
  },
  consumer: {
    title: 'a consumer gets the waiting message of highest priority next',
    why: 'priorities that only work for get are of no use',
    requires: ['priority'],
    async run(t) {
      const channel = await t.channel();
      const queue = await priorityQueue(t, channel);
      await channel.consume(queue, { prefetch: 1 });
      await sendAt(channel, queue, 'first', 0);
      const held = await channel.next();
      for (const level of [2, 9, 5]) await sendAt(channel, queue, `p${level}`, level);
      await channel.ack(held);
      const got: string[] = [];
      for (let rest = 3; rest > 0; rest--) {
        const delivery = await channel.next();
        got.push(textOf(delivery));
        await channel.ack(delivery);
      }
      assert.deepEqual(got, ['p9', 'p5', 'p2']);
    },
  },
  absent: {
    title: 'a message without a priority counts as 0',
    why: 'AMQP 0-9-1 and Kombu',
    requires: ['priority'],
    async run(t) {
      const channel = await t.channel();
      const queue = await priorityQueue(t, channel);
      await channel.send(queue, 'plain');
      await sendAt(channel, queue, 'p0', 0);
      await sendAt(channel, queue, 'p1', 1);
      t.same(await channel.drain(queue, 3), ['p1', 'plain', 'p0'], 'with priority 0 and 1 beside it');
    },
  },
  'after-requeue': {
    title: 'a requeued message keeps its priority',
    why: 'a retry must not jump the queue, nor fall behind it',
    requires: ['priority'],
    async run(t) {
      const channel = await t.channel();
      const queue = await priorityQueue(t, channel);
      await sendAt(channel, queue, 'p5', 5);
      const held = await channel.take(queue);
      await sendAt(channel, queue, 'p7', 7);
      await sendAt(channel, queue, 'p3', 3);
      await channel.requeue(held);
      assert.deepEqual(await channel.drain(queue, 3), ['p7', 'p5', 'p3']);
    },
  },
  'out-of-range': {
    title: 'a priority that is none is refused with INVALID_ARGUMENT',
    why: 'values were clamped in silence (R35)',
    requires: ['priority'],
    async run(t) {
      const channel = await t.channel();
      const queue = await priorityQueue(t, channel);
      for (const level of [256, -1, 1.5, Number.NaN]) {
        const asked = channel.publish('', queue, withProperties('x', { priority: level }));
        await t.rejects(asked, 'INVALID_ARGUMENT', `a publish with priority ${level}`);
      }
      await sendAt(channel, queue, 'fine', 9);
      assert.deepEqual(await channel.drain(queue, 1), ['fine'], 'the channel goes on');
    },
  },
});

function priorityQueue(t: TransportTest, channel: TestChannel): Promise<string> {
  // RabbitMQ wants to be told; others know priorities 0 to 9 anyway.
  return t.queue(channel, { arguments: { 'x-max-priority': 9 } });
}

function sendAt(channel: TestChannel, queue: string, body: string, level: number): Promise<void> {
  return channel.send(queue, withProperties(body, { priority: level }));
}

function levelOf(body: string): string {
  return body.slice(0, body.indexOf(' '));
}

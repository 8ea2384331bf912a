import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import type { TransportCase } from '../transport-test.ts';

/** Queues that are bounded in length and in life. */
export const limits: readonly TransportCase[] = group('limits', {
  'drop-head': {
    title: 'a queue with x-max-length keeps the newest messages',
    why: 'a dead reply queue must not grow without bound (R29)',
    requires: ['queueLimits'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel, { arguments: { 'x-max-length': 3 } });
      await channel.send(queue, 'a', 'b', 'c', 'd', 'e');
      t.same(await channel.drain(queue, 3), ['c', 'd', 'e'], 'the newest three');
    },
    async otherwise(t) {
      const channel = await t.channel();
      const name = t.willDeclare('queue', t.name('queue'));
      const asked = channel.declareQueue(name, { arguments: { 'x-max-length': 3 } });
      await t.rejects(asked, 'UNSUPPORTED', 'declareQueue with x-max-length');
    },
  },
  'max-length-bytes': {
    title: 'a queue with x-max-length-bytes keeps the newest messages that fit, or is refused with UNSUPPORTED',
    why: 'a limit that is accepted and ignored lets a dead queue fill the broker (R29)',
    requires: ['queueLimits'],
    async run(t) {
      const channel = await t.channel();
      const limit = 25;
      const queue = t.willDeclare('queue', t.name('queue'));
      try {
        await channel.declareQueue(queue, { arguments: { 'x-max-length-bytes': limit } });
      } catch (error) {
        assert.equal(t.codeOf(error), 'UNSUPPORTED', String(error));
        return;
      }
      const bodies = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(10));
      await channel.send(queue, ...bodies);
      await t.settle();
      const kept = await channel.drainAll(queue);
      assert.ok(kept.length * 10 <= limit, `${kept.length} messages of 10 bytes are kept, ${limit} bytes are allowed`);
      t.same(kept, bodies.slice(-kept.length || bodies.length), 'the newest');
    },
  },
  'reject-publish': {
    title: 'with x-overflow reject-publish a full queue refuses with NACKED and keeps the oldest',
    why: 'back-pressure: the publisher must learn that the message was not taken (R6)',
    requires: ['queueLimits'],
    async run(t) {
      const channel = await t.channel();
      const args = { 'x-max-length': 2, 'x-overflow': 'reject-publish' };
      const queue = await t.queue(channel, { arguments: args });
      await channel.send(queue, 'a', 'b');
      await t.rejects(channel.publish('', queue, 'c'), 'NACKED', 'a publish to a full queue');
      await channel.ack(await channel.take(queue));
      await channel.send(queue, 'd');
      t.same(await channel.drain(queue, 2), ['b', 'd'], 'there is room again');
    },
  },
  expires: {
    title: 'a queue with x-expires goes when nobody used it for so long, and not before',
    why: 'orphan reply queues stay for ever (R29)',
    requires: ['queueLimits'],
    async run(t) {
      const channel = await t.channel();
      const expires = t.span(1000);
      const queue = await t.queue(channel, { arguments: { 'x-expires': expires } });
      await t.advance(expires / 2);
      await channel.declareQueue(queue, { arguments: { 'x-expires': expires } });
      await t.advance(expires * 3);
      await t.rejects((await t.channel()).count(queue), 'NOT_FOUND', 'the queue after x-expires');
    },
  },
  'expires-in-use': {
    title: 'a queue with x-expires stays while it has a consumer',
    why: 'an idle consumer is a user',
    requires: ['queueLimits'],
    async run(t) {
      const channel = await t.channel();
      const expires = t.span(500);
      const queue = await t.queue(channel, { arguments: { 'x-expires': expires } });
      await channel.consume(queue);
      await t.advance(expires * 3);
      await channel.send(queue, 'x');
      await channel.ack(await channel.next());
      assert.deepEqual(channel.events.cancels, [], 'the queue was not deleted');
    },
  },
});

import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { textOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** What happens to messages that no queue wants. */
export const unroutable: readonly TransportCase[] = group('unroutable', {
  dropped: {
    title: 'without mandatory, a message that no binding matches is dropped and the publish resolves',
    why: 'AMQP 0-9-1; an unknown key is no inconsistency (R28)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.publish('', t.name('nowhere'), 'lost');
      await channel.send(queue, 'found');
      assert.deepEqual(await channel.drain(queue, 1), ['found'], 'the channel goes on');
    },
  },
  mandatory: {
    title: 'with mandatory, it rejects with UNROUTABLE and the channel goes on',
    why: 'a publish that resolves must mean that the broker has the message (R6)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const lost = channel.publish('', t.name('nowhere'), 'lost', { mandatory: true });
      await t.rejects(lost, 'UNROUTABLE', 'a mandatory publish to nowhere');
      await channel.publish('', queue, 'found', { mandatory: true });
      assert.deepEqual(await channel.drain(queue, 1), ['found']);
    },
  },
  'mandatory-exchange': {
    title: 'mandatory is judged by the bindings of the moment',
    why: 'an unbind or a deleted queue must be seen by the next publish',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const queue = await t.queue(channel);
      const publish = (): Promise<unknown> => channel.publish(exchange, 'key', 'x', { mandatory: true });
      await t.rejects(publish(), 'UNROUTABLE', 'a mandatory publish before the bind');
      await channel.bind(queue, exchange, 'key');
      await publish();
      await channel.deleteQueue(queue);
      await t.rejects(publish(), 'UNROUTABLE', 'a mandatory publish after the queue was deleted');
    },
  },
  returned: {
    title: 'a mandatory message that nobody waits for comes back as an event, or the publish rejects',
    why: 'no silence: unroutable returns must be visible to the application',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const key = t.name('nowhere');
      const outcome = await channel
        .publish('', key, 'lost', { mandatory: true, confirm: false })
        .catch((error: unknown) => ({ code: t.codeOf(error) }));
      if (typeof outcome === 'object') {
        assert.equal(outcome.code, 'UNROUTABLE');
        return;
      }
      // A channel works in order: what comes back does so before the next message is confirmed, or soon after.
      await channel.send(queue, 'found');
      const soon = Math.min(t.deadlineMs, t.span(5000));
      await t.until(() => channel.events.returns.length > 0, 'the returned event', soon);
      const [message] = channel.events.returns;
      assert.ok(message);
      assert.deepEqual([message.exchange, message.routingKey, message.replyCode], ['', key, 312]);
      assert.equal(message.envelope.body.toString(), 'lost');
    },
  },
  'missing-exchange': {
    title: 'a publish to an exchange that does not exist rejects with NOT_FOUND, and the connection lives on',
    why: 'AMQP reports this late and on the channel: such messages were lost unseen (R6), or cost the connection (R13)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.consume(queue);
      const doomed = await t.channel();
      await t.rejects(doomed.publish(t.name('missing'), 'key', 'lost'), 'NOT_FOUND', 'a publish to nowhere');
      await channel.send(queue, 'alive');
      assert.equal(textOf(await channel.next()), 'alive');
    },
  },
});

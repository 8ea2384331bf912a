import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { textOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** Deleting and purging do what they say, to what they name. */
export const remove: readonly TransportCase[] = group('remove', {
  purge: {
    title: 'purge removes the ready messages, says how many, and leaves the unacked ones',
    why: 'a silent no-op shows only in production',
    async run(t) {
      const channel = await t.channel();
      const [queue, sibling] = [await t.queue(channel), await t.queue(channel)];
      await channel.send(queue, 'held', 'b', 'c', 'd');
      await channel.send(sibling, 'other');
      const held = await channel.take(queue);
      assert.equal(await channel.purgeQueue(queue), 3, 'the number of purged messages');
      await channel.empty(queue);
      await channel.requeue(held);
      t.same(await channel.drain(queue, 1), [textOf(held)], 'the message that was held');
      assert.deepEqual(await channel.drain(sibling, 1), ['other'], 'another queue');
      assert.equal(await channel.purgeQueue(queue), 0, 'purging an empty queue');
    },
  },
  delete: {
    title: 'deleting a queue removes its messages and bindings, and says how many messages went',
    why: 'SLMQ forgot a prefix and deleted nothing; an unbound queue was never deleted',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const queue = await t.queue(channel);
      await channel.bind(queue, exchange, 'key');
      await channel.publish(exchange, 'key', 'a');
      await channel.send(queue, 'b');
      assert.equal(await channel.deleteQueue(queue), 2, 'the number of messages that went');
      await t.rejects((await t.channel()).count(queue), 'NOT_FOUND', 'the queue after its deletion');
      await t.queue(channel, { name: queue });
      await channel.publish(exchange, 'key', 'c');
      await channel.empty(queue);
    },
  },
  'delete-unbound': {
    title: 'a queue without bindings can be deleted',
    why: 'Kombu deletes once per binding, so an unbound queue stays',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a');
      await channel.deleteQueue(queue);
      await t.rejects((await t.channel()).count(queue), 'NOT_FOUND', 'the queue after its deletion');
      await t.queue(channel, { name: queue });
      await channel.empty(queue);
    },
  },
  'if-empty': {
    title: 'deleting with ifEmpty spares a queue that holds messages',
    why: 'AMQP 0-9-1: PRECONDITION_FAILED, and nothing is lost',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'kept');
      const refused = (await t.channel()).deleteQueue(queue, { ifEmpty: true });
      await t.rejects(refused, 'PRECONDITION_FAILED', 'deleteQueue of a queue with messages');
      assert.deepEqual(await channel.drain(queue, 1), ['kept']);
      await channel.deleteQueue(queue, { ifEmpty: true });
      await t.rejects((await t.channel()).count(queue), 'NOT_FOUND', 'the queue after its deletion');
    },
  },
  'if-unused': {
    title: 'deleting with ifUnused spares a queue that has a consumer',
    why: 'AMQP 0-9-1: PRECONDITION_FAILED, and the consumer goes on',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const tag = await channel.consume(queue);
      const refused = (await t.channel()).deleteQueue(queue, { ifUnused: true });
      await t.rejects(refused, 'PRECONDITION_FAILED', 'deleteQueue of a queue with a consumer');
      await channel.send(queue, 'alive');
      await channel.ack(await channel.next());
      await channel.cancel(tag);
      await channel.deleteQueue(queue, { ifUnused: true });
      await t.rejects((await t.channel()).count(queue), 'NOT_FOUND', 'the queue after its deletion');
    },
  },
  exchange: {
    title: 'a deleted exchange takes no more messages, and its queues stay',
    why: 'Kombu deletes the queues too when they are empty',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const queue = await t.queue(channel);
      await channel.bind(queue, exchange, 'key');
      const refused = (await t.channel()).deleteExchange(exchange, { ifUnused: true });
      await t.rejects(refused, 'PRECONDITION_FAILED', 'deleteExchange with ifUnused of a bound exchange');
      await channel.deleteExchange(exchange);
      const lost = (await t.channel()).publish(exchange, 'key', 'x');
      await t.rejects(lost, 'NOT_FOUND', 'a publish to a deleted exchange');
      await channel.declareExchange(exchange, 'direct');
      await channel.publish(exchange, 'key', 'x');
      await channel.empty(queue);
      assert.equal(await channel.count(queue), 0, 'the queue exists');
    },
  },
});

import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { numbered, textOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** Consumers start, share and end. */
export const consumers: readonly TransportCase[] = group('consumers', {
  backlog: {
    title: 'a consumer gets what was there before it and what comes after, in order',
    why: 'a missed wake-up leaves a consumer deaf (R1)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'before');
      await channel.consume(queue);
      assert.equal(textOf(await channel.next()), 'before');
      for (const body of ['after', 'later']) {
        await t.settle();
        await channel.send(queue, body);
        assert.equal(textOf(await channel.next()), body);
      }
    },
  },
  share: {
    title: 'two consumers of a queue share its messages, each message goes to one of them',
    why: 'a second consumer on a queue replaced the first',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const [one, two] = [await channel.consume(queue, { prefetch: 1 }), await channel.consume(queue, { prefetch: 1 })];
      await channel.send(queue, ...numbered('m', 6));
      const first = await channel.receive(2);
      assert.deepEqual(new Set(first.map((each) => each.consumerTag)), new Set([one, two]), 'each holds one');
      await channel.quiet('both hold one');
      const seen = first.map(textOf);
      for (const delivery of first) await channel.ack(delivery);
      for (let rest = 4; rest > 0; rest--) {
        const delivery = await channel.next();
        seen.push(textOf(delivery));
        await channel.ack(delivery);
      }
      assert.deepEqual(seen.toSorted(), numbered('m', 6));
    },
  },
  'share-connections': {
    title: 'consumers of different connections share a queue',
    why: 'that is what a work queue is for',
    async run(t) {
      const channel = await t.channel();
      const other = await (await t.connect()).channel();
      const queue = await t.queue(channel);
      await other.declareQueue(queue);
      for (const each of [channel, other]) await each.consume(queue, { prefetch: 1 });
      await channel.send(queue, 'a', 'b');
      const both = [textOf(await channel.next()), textOf(await other.next())];
      assert.deepEqual(both.toSorted(), ['a', 'b']);
    },
  },
  'many-queues': {
    title: 'consumers of one channel each get the messages of their own queue',
    why: 'one callback per queue name and connection mixes them up',
    async run(t) {
      const channel = await t.channel();
      const owners = new Map<string, string>();
      for (let index = 0; index < 5; index++) {
        const queue = await t.queue(channel);
        owners.set(await channel.consume(queue), queue);
        await channel.send(queue, queue);
      }
      for (const delivery of await channel.receive(5)) {
        assert.equal(textOf(delivery), owners.get(delivery.consumerTag ?? ''), 'the message of this queue');
      }
    },
  },
  'same-tag-elsewhere': {
    title: 'the same consumer tag on two channels names two consumers',
    why: 'tags are per channel in AMQP 0-9-1; Kombu numbers them from 1 in every process',
    async run(t) {
      const [one, two] = [await t.channel(), await t.channel()];
      const [first, second] = [await t.queue(one), await t.queue(two)];
      await one.consume(first, { consumerTag: 'worker' });
      await two.consume(second, { consumerTag: 'worker' });
      await one.send(second, 'for two');
      assert.equal(textOf(await two.next()), 'for two');
      await two.cancel('worker');
      await one.send(first, 'for one');
      assert.equal(textOf(await one.next()), 'for one');
    },
  },
  'duplicate-tag': {
    title: 'a consumer tag in use on the channel is refused, and its first consumer goes on',
    why: 'in AMQP 0-9-1 it would cost the whole connection (R13)',
    async run(t) {
      const bystander = await t.channel();
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.consume(queue, { consumerTag: 'worker' });
      const codes = ['INVALID_ARGUMENT', 'PRECONDITION_FAILED', 'CHANNEL_ERROR'] as const;
      await t.rejects(channel.consume(queue, { consumerTag: 'worker' }), codes, 'consume with a tag in use');
      await bystander.send(queue, 'x');
      if (channel.events.ends.length === 0) assert.equal(textOf(await channel.next()), 'x');
      else assert.deepEqual(await bystander.drain(queue, 1), ['x'], 'the connection lives');
    },
  },
  'missing-queue': {
    title: 'consume rejects with NOT_FOUND when the queue does not exist',
    why: 'a swallowed 404 leaves a consumer that waits for ever (R12)',
    async run(t) {
      await t.rejects((await t.channel()).consume(t.name('missing')), 'NOT_FOUND', 'consume of a missing queue');
    },
  },
  exclusive: {
    title: 'an exclusive consumer has the queue for itself',
    why: 'the SPI says so; single active workers rely on it',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const tag = await channel.consume(queue, { exclusive: true });
      const codes = ['ACCESS_REFUSED', 'RESOURCE_LOCKED'] as const;
      await t.rejects((await t.channel()).consume(queue), codes, 'a second consumer beside an exclusive one');
      await channel.send(queue, 'x');
      await channel.ack(await channel.next());
      await channel.cancel(tag);
      const shared = await t.channel();
      await shared.consume(queue);
      const late = (await t.channel()).consume(queue, { exclusive: true });
      await t.rejects(late, codes, 'an exclusive consumer beside another one');
    },
  },
  'queue-deleted': {
    title: 'deleting the queue fires cancelled, once per consumer, and leaves other consumers alone',
    why: 'an idle consumer that was never told waits for ever (R12)',
    async run(t) {
      const channel = await t.channel();
      const [doomed, other] = [await t.queue(channel), await t.queue(channel)];
      const tag = await channel.consume(doomed);
      await channel.consume(other);
      await (await t.channel()).deleteQueue(doomed);
      await t.until(() => channel.events.cancels.length > 0, 'the cancelled event');
      await t.settle();
      assert.deepEqual(
        channel.events.cancels.map((each) => each.consumerTag),
        [tag],
      );
      await channel.send(other, 'alive');
      assert.equal(textOf(await channel.next()), 'alive');
    },
  },
  recreated: {
    title: 'a queue that is made again after it was deleted can be consumed on the same channel',
    why: 'the supervisor re-declares and subscribes again on the same connection (R12)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const tag = await channel.consume(queue);
      await channel.deleteQueue(queue);
      await t.until(() => channel.events.cancels.length > 0, 'the cancelled event');
      await t.queue(channel, { name: queue });
      await channel.consume(queue, { consumerTag: tag });
      await channel.send(queue, 'again');
      assert.equal(textOf(await channel.next()), 'again');
    },
  },
  'no-ack': {
    title: 'messages delivered without ack are gone for good, by push and by get',
    why: 'AMQP 0-9-1: settled when delivered',
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'pulled');
      assert.equal(textOf(await channel.take(queue, { noAck: true })), 'pulled');
      await channel.consume(queue, { noAck: true });
      await channel.send(queue, 'pushed');
      assert.equal(textOf(await channel.next()), 'pushed');
      await connection.close();
      await (await t.reader(queue)).empty(queue);
    },
  },
});

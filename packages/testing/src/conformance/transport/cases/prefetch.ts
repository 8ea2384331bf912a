import assert from 'node:assert/strict';
import type { Delivery } from '@kombu/core/spi';
import { group } from '../../case.ts';
import { numbered, textOf } from '../messages.ts';
import type { TestChannel } from '../test-channel.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** A consumer holds as many unsettled messages as it asked for, and not one more. */
export const prefetch: readonly TransportCase[] = group('prefetch', {
  one: {
    title: 'with a prefetch of 1, the next message comes when the last one is settled',
    why: 'more messages taken than workers can start expire in the buffer (R31)',
    async run(t) {
      const channel = await consumerOf(t, ['a', 'b', 'c'], 1);
      const seen: string[] = [];
      for (let index = 0; index < 3; index++) {
        const delivery = await channel.next();
        await channel.quiet('only one message may be unsettled');
        seen.push(textOf(delivery));
        await channel.ack(delivery);
      }
      t.same(seen, ['a', 'b', 'c'], 'every message came once');
    },
  },
  ten: {
    title: 'with a prefetch of 10, ten messages are held, and one more comes per ack',
    why: 'prefetch was ignored where messages are taken in batches (R31)',
    async run(t) {
      const channel = await consumerOf(t, numbered('m', 25), 10);
      const held = await channel.receive(10);
      await channel.quiet('ten messages may be unsettled');
      for (const delivery of held.slice(0, 3)) await channel.ack(delivery);
      await channel.receive(3);
      await channel.quiet('three acks make room for three');
    },
  },
  unlimited: {
    title: 'with a prefetch of 0 there is no limit',
    why: 'AMQP 0-9-1: 0 means no limit, not none',
    async run(t) {
      const channel = await consumerOf(t, numbered('m', 60), 0);
      await channel.receive(60);
    },
  },
  'per-consumer': {
    title: 'each consumer of a channel has a credit of its own',
    why: 'a shared credit lets one slow consumer starve the others (R20)',
    async run(t) {
      const channel = await t.channel();
      const [one, two] = [await t.queue(channel), await t.queue(channel)];
      for (const queue of [one, two]) await channel.send(queue, ...numbered('m', 6));
      const slow = await channel.consume(one, { prefetch: 2 });
      const fast = await channel.consume(two, { prefetch: 3 });
      const held = await channel.receive(5);
      assert.equal(countOf(held, slow), 2, 'messages of the consumer with prefetch 2');
      assert.equal(countOf(held, fast), 3, 'messages of the consumer with prefetch 3');
      await channel.quiet('both credits are used up');
      for (const delivery of held) if (delivery.consumerTag === fast) await channel.ack(delivery);
      const more = await channel.receive(3);
      assert.equal(countOf(more, fast), 3, 'the acks make room for the consumer whose messages they settle');
    },
  },
  'returns-on-reject': {
    title: 'a reject gives the credit back',
    why: 'credit that leaks stops a consumer for good (R1)',
    async run(t) {
      const channel = await consumerOf(t, ['a', 'b', 'c'], 1);
      for (let index = 0; index < 3; index++) await channel.reject(await channel.next());
      await channel.quiet('everything was rejected');
    },
  },
  'returns-on-requeue': {
    title: 'a requeue gives the credit back',
    why: 'credit that leaks stops a consumer for good (R1)',
    async run(t) {
      const channel = await consumerOf(t, ['a'], 1);
      for (let index = 0; index < 3; index++) await channel.requeue(await channel.next());
      await channel.ack(await channel.next());
      await channel.quiet('the message was acked in the end');
    },
  },
  'returns-on-multiple': {
    title: 'an ack of several gives the credit of all of them back',
    why: 'ack(multiple) was ignored',
    async run(t) {
      const channel = await consumerOf(t, numbered('m', 12), 4);
      for (let batch = 0; batch < 3; batch++) {
        const held = await channel.receive(4);
        await channel.ack(lastOf(held), { multiple: true });
      }
      await channel.quiet('everything was acked');
    },
  },
  'set-prefetch': {
    title: 'setPrefetch changes the credit of a running consumer, up, down and to no limit',
    why: 'the SPI says so; Consumer.qos depends on it',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, ...numbered('m', 20));
      const tag = await channel.consume(queue, { prefetch: 1 });
      const held = [...(await channel.receive(1))];
      await channel.setPrefetch(tag, 4);
      held.push(...(await channel.receive(3)));
      await channel.quiet('the prefetch is 4 now');
      await channel.setPrefetch(tag, 2);
      for (const delivery of held.splice(0, 2)) await channel.ack(delivery);
      await channel.quiet('2 messages are held and the prefetch is 2');
      await channel.setPrefetch(tag, 0);
      await channel.receive(16);
    },
  },
  'set-while-running': {
    title: 'setPrefetch in the middle of a stream loses nothing, repeats nothing and keeps the order',
    why: 'changing the credit by subscribing anew puts back what was on its way (R39)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const bodies = numbered('m', 60);
      const tag = await channel.consume(queue, { prefetch: 1 });
      const publishes = t.later(channel.sendAtOnce(queue, bodies));
      const seen: string[] = [];
      for (let round = 0; round < bodies.length; round++) {
        const delivery = await channel.next();
        assert.equal(delivery.redelivered, false, `${textOf(delivery)} was delivered before`);
        seen.push(textOf(delivery));
        const settled = t.later(channel.ack(delivery));
        if (round % 4 === 3) await channel.setPrefetch(tag, round % 8 === 3 ? 5 : 1);
        await settled;
      }
      await publishes;
      t.same(seen, bodies, 'sixty messages');
      await channel.quiet('each came once');
      await channel.setPrefetch(tag, 2);
      await channel.send(queue, 'a', 'b', 'c');
      await channel.receive(2);
      await channel.quiet('the last word was 2');
    },
  },
  'no-ack': {
    title: 'deliveries without ack use no credit',
    why: 'they are settled when delivered; counting them stops the consumer after the first few',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, ...numbered('m', 10));
      await channel.consume(queue, { noAck: true, prefetch: 2 });
      await channel.receive(10);
    },
  },
  'get-is-apart': {
    title: 'a message held by get uses no consumer credit',
    why: 'credit belongs to a consumer',
    async run(t) {
      const channel = await t.channel();
      const [pulled, pushed] = [await t.queue(channel), await t.queue(channel)];
      await channel.send(pulled, 'a', 'b');
      await channel.consume(pushed, { prefetch: 1 });
      await channel.take(pulled);
      await channel.take(pulled);
      await channel.send(pushed, 'c');
      assert.equal(textOf(await channel.next()), 'c');
    },
  },
});

/** A channel with one consumer on a queue that holds these messages. */
async function consumerOf(t: TransportTest, messages: readonly string[], limit: number): Promise<TestChannel> {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.send(queue, ...messages);
  await channel.consume(queue, { prefetch: limit });
  return channel;
}

function countOf(deliveries: readonly Delivery[], consumerTag: string): number {
  return deliveries.filter((each) => each.consumerTag === consumerTag).length;
}

function lastOf(deliveries: readonly Delivery[]): Delivery {
  const last = deliveries.at(-1);
  assert.ok(last);
  return last;
}

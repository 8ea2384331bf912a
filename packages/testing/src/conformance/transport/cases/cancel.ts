import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { numbered, textOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** Cancel means: nothing more comes, and nothing is lost. */
export const cancel: readonly TransportCase[] = group('cancel', {
  'nothing-after': {
    title: 'after cancel resolves nothing is delivered, and messages wait in the queue',
    why: 'messages arrived after stop() and were dropped (R11), cancelled consumers came back (R39)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const tag = await channel.consume(queue);
      await channel.send(queue, 'before');
      await channel.ack(await channel.next());
      await channel.cancel(tag);
      await channel.send(queue, 'after');
      await channel.quiet('the consumer was cancelled');
      assert.deepEqual(await channel.drain(queue, 1), ['after']);
      assert.deepEqual(channel.events.cancels, [], 'cancelled is not called for cancel');
    },
  },
  'in-flight': {
    title: 'a cancel in the middle of the flow loses nothing and delivers nothing twice',
    why: 'what a pending get returns after the cancel goes back (R11)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const bodies = numbered('m', 30);
      await channel.send(queue, ...bodies);
      const tag = await channel.consume(queue, { prefetch: 5 });
      await channel.receive(1);
      await channel.cancel(tag);
      const delivered = channel.events.deliveries.length;
      const held = channel.events.deliveries.map(textOf);
      await t.settle();
      assert.equal(channel.events.deliveries.length, delivered, 'deliveries after cancel resolved');
      const rest = await channel.drain(queue, bodies.length - delivered);
      assert.deepEqual([...held, ...rest].toSorted(), bodies.toSorted(), 'each message is in one place');
    },
  },
  'not-flagged': {
    title: 'what was fetched but not delivered goes back without being flagged as redelivered',
    why: 'redelivered means that a handler may have seen it',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b', 'c');
      const tag = await channel.consume(queue, { prefetch: 1 });
      const held = await channel.next();
      await channel.cancel(tag);
      const others = [await channel.take(queue), await channel.take(queue)];
      assert.deepEqual(
        others.map((each) => each.redelivered),
        [false, false],
      );
      t.same([held, ...others].map(textOf), ['a', 'b', 'c'], 'in order');
    },
  },
  'still-settles': {
    title: 'messages held by a cancelled consumer can still be acked and requeued',
    why: 'a graceful stop finishes what it began (R11)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b');
      const tag = await channel.consume(queue, { prefetch: 2 });
      const [first, second] = await channel.receive(2);
      assert.ok(first && second);
      await channel.cancel(tag);
      await channel.empty(queue);
      await channel.ack(first);
      await channel.requeue(second);
      assert.deepEqual(await channel.drain(queue, 1), [textOf(second)]);
    },
  },
  'same-tag-again': {
    title: 'the tag of a cancelled consumer can be used again',
    why: 'a consumer that is paused and resumed keeps its tag',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      for (const body of ['a', 'b', 'c']) {
        await channel.consume(queue, { consumerTag: 'worker', prefetch: 1 });
        await channel.send(queue, body);
        const delivery = await channel.next();
        assert.equal(textOf(delivery), body);
        await channel.ack(delivery);
        await channel.cancel('worker');
      }
    },
  },
  twice: {
    title: 'cancelling twice, at once or later, is harmless',
    why: 'stop is called from several places at shutdown',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const tag = await channel.consume(queue);
      await Promise.all([channel.cancel(tag), channel.cancel(tag)]);
      await channel.cancel(tag);
      await channel.send(queue, 'x');
      assert.deepEqual(await channel.drain(queue, 1), ['x'], 'the channel goes on');
    },
  },
  restarts: {
    title: 'quick starts and stops never leave two consumers',
    why: 'start/stop/start polled twice (R39)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      for (let round = 0; round < 10; round++) {
        await channel.consume(queue, { consumerTag: 'worker', prefetch: 1 });
        await channel.cancel('worker');
      }
      await channel.consume(queue, { consumerTag: 'worker', prefetch: 1 });
      await channel.send(queue, ...numbered('m', 5));
      const delivery = await channel.next();
      await channel.quiet('one consumer with a prefetch of 1');
      await channel.ack(delivery);
      for (let rest = 4; rest > 0; rest--) await channel.ack(await channel.next());
      await channel.quiet('every message came once');
    },
  },
});

import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { textOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** Get answers at once: a message or nothing. */
export const get: readonly TransportCase[] = group('get', {
  empty: {
    title: 'get of an empty queue is undefined, at once',
    why: 'the SPI says at once: waiting is for consumers',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const before = t.now;
      await channel.nothing(queue, 'nothing was published');
      const took = t.now - before;
      assert.ok(took < t.span(500), `the answer took ${took} ms`);
    },
  },
  'missing-queue': {
    title: 'get rejects with NOT_FOUND when the queue does not exist',
    why: 'a misspelled queue is not an empty one',
    async run(t) {
      await t.rejects((await t.channel()).get(t.name('missing')), 'NOT_FOUND', 'get of a missing queue');
    },
  },
  'message-count': {
    title: 'messageCount, where it is given, is what is left',
    why: 'AMQP 0-9-1 get-ok',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b', 'c');
      const delivery = await channel.take(queue);
      const { messageCount = 2 } = delivery as { readonly messageCount?: number };
      assert.equal(messageCount, 2);
    },
  },
  'many-at-once': {
    title: 'gets at the same time never give a message twice',
    why: 'two workers on one message (R2)',
    async run(t) {
      const [one, two] = [await t.channel(), await t.channel()];
      const queue = await t.queue(one);
      await one.send(queue, 'a', 'b', 'c');
      const asked = Array.from({ length: 10 }, (_, index) => (index % 2 ? one : two).raw.get(queue, { noAck: true }));
      const got = await t.wait(Promise.all(asked), 'ten gets');
      const bodies = got.flatMap((each) => (each ? [textOf(each)] : []));
      await t.settle();
      const rest = await one.drainAll(queue);
      assert.deepEqual([...bodies, ...rest].toSorted(), ['a', 'b', 'c']);
    },
  },
});

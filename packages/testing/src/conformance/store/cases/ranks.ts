import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import type { StoreCase } from '../store-test.ts';
import { outgoing } from '../test-store.ts';

/** Messages that overtake and messages that wait. */
export const ranks: readonly StoreCase[] = group('ranks', {
  priority: {
    title: 'higher priorities come first, in order of arrival among equals, in one get or in many',
    why: 'on Redis the meaning was inverted and the order lost (R35)',
    requires: ['priority'],
    async run(t) {
      const store = await t.store();
      for (const max of [1, 50]) {
        const queue = await t.queue(store);
        // A fixed shuffle: 7 and 10 share no factor.
        const levels = Array.from({ length: 40 }, (_, index) => (index * 7) % 10);
        const messages = levels.map((priority, index) => outgoing(`p${priority} m${index}`, { priority }));
        await store.put(queue, ...messages);
        const got = (await store.takeMany(queue, 40, { max, noAck: true })).map((each) => each.payload);
        const expected = messages.toSorted((one, other) => other.priority - one.priority).map((each) => each.payload);
        t.same(got, expected, 'highest first, then oldest first');
        assert.deepEqual(got.map(levelOf), expected.map(levelOf), 'highest first');
      }
    },
  },
  'priority-released': {
    title: 'a released message keeps its priority',
    why: 'a retry must not jump the queue, nor fall behind it',
    requires: ['priority', 'store:release', 'brokerAck'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, outgoing('p5', { priority: 5 }));
      const held = await store.take(queue);
      await store.put(queue, outgoing('p3', { priority: 3 }), outgoing('p7', { priority: 7 }));
      await store.release(queue, [held]);
      assert.deepEqual(await store.drain(queue, 3), ['p7', 'p5', 'p3']);
    },
  },
  delay: {
    title: 'a delayed message is not ready before its time, and ready soon after',
    why: 'delay is a matter of the broker (R20)',
    requires: ['delay'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const [before, delayMs] = [t.now, t.span(1000)];
      await store.put(queue, outgoing('later', { delayMs }), 'now');
      assert.equal((await store.take(queue)).payload, 'now');
      await t.advance(delayMs / 2);
      assert.deepEqual(await store.get(queue), [], 'half the delay later');
      assert.equal(await store.size(queue), 0, 'it is not ready');
      await store.take(queue);
      const took = t.now - before;
      assert.ok(
        took >= delayMs - 1 && took <= delayMs * 2 + t.span(1000),
        `came after ${took} ms, delay ${delayMs} ms`,
      );
    },
  },
  'delay-wakes': {
    title: 'a waiting get wakes up when the delay of a message ends',
    why: 'a sleeping consumer must not miss what becomes due',
    requires: ['delay'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const delayMs = t.span(1000);
      await store.put(queue, outgoing('x', { delayMs }));
      const before = t.now;
      const taken = await t.poll(async () => (await store.get(queue, { waitMs: t.span(5000) }))[0], 'the message');
      assert.equal(taken.payload, 'x');
      assert.ok(t.now - before <= delayMs + t.span(1000), `came after ${t.now - before} ms, delay ${delayMs} ms`);
    },
  },
});

function levelOf(payload: string): string {
  return payload.slice(0, payload.indexOf(' '));
}

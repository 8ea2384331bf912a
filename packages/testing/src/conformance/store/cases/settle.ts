import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import type { StoreCase } from '../store-test.ts';

/** Ack removes for good; release gives back. */
export const settle: readonly StoreCase[] = group('settle', {
  'ack-final': {
    title: 'an acked message is gone for good, its neighbour is not',
    why: 'finished work was put back (R11); an ack of the wrong one loses work',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'a', 'b', 'c');
      const held = await store.takeMany(queue, 2);
      const [first, second] = held;
      assert.ok(first && second);
      await store.ack(queue, first);
      await store.ack(queue, second);
      const rest = ['a', 'b', 'c'].filter((each) => !held.some(({ payload }) => payload === each));
      await t.outlastLeases();
      assert.deepEqual(await store.drain(queue, 1), rest);
    },
  },
  'ack-batch': {
    title: 'a batch of acks removes all of them, however many',
    why: 'services take ten at a time: the store splits, core does not know',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const payloads = Array.from({ length: 25 }, (_, index) => `m${index}`);
      await store.put(queue, ...payloads);
      await store.ack(queue, ...(await store.takeMany(queue, 25)));
      await store.close();
      const other = await t.store();
      await t.outlastLeases();
      await other.empty(queue);
    },
  },
  'ack-outcomes': {
    title: 'outcomes stand in the order of the receipts, a lost lease among good ones too',
    why: 'core tells every handler the fate of its own message (R15)',
    requires: ['lease', 'harness:shortLease', 'brokerAck'],
    async run(t) {
      const [store, other] = [await t.store(), await t.store()];
      const queue = await t.queue(store);
      await other.declare(queue);
      await store.put(queue, 'lost');
      const lost = await store.take(queue);
      await t.advance(t.leaseMs);
      await other.take(queue, {}, t.comebackMs);
      await store.put(queue, 'a', 'b');
      const [one, two] = await store.takeMany(queue, 2);
      assert.ok(one && two);
      assert.deepEqual(await store.ackOutcomes(queue, one, lost, two), ['ok', 'lease-lost', 'ok']);
    },
  },
  'ack-twice': {
    title: 'a second ack does not throw and removes nothing else',
    why: 'settling is an outcome, not an exception (R15)',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'a', 'b');
      const held = await store.take(queue);
      await store.ack(queue, held);
      const [again] = await store.ackOutcomes(queue, held);
      assert.match(again ?? '', /^(ok|lease-lost)$/);
      assert.equal((await store.drain(queue, 1)).length, 1, 'the other message');
    },
  },
  release: {
    title: 'a released message is ready again at its old place, marked as redelivered',
    why: 'restored messages went to the wrong end (R32)',
    requires: ['store:release', 'brokerAck'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'a', 'b', 'c');
      const held = await store.take(queue);
      assert.deepEqual(await store.release(queue, [held]), ['ok']);
      const all = await store.takeMany(queue, 3);
      t.same(
        all.map((each) => each.payload),
        ['a', 'b', 'c'],
        'all messages',
      );
      const back = all.find((each) => each.payload === held.payload);
      assert.ok(back?.redelivered === true || (back?.deliveryCount ?? 0) > 0, 'marked as redelivered');
      const fresh = all.filter((each) => each !== back);
      assert.ok(
        fresh.every((each) => each.redelivered !== true),
        'no other message is marked',
      );
    },
  },
  'release-batch': {
    title: 'a batch that is released keeps its order',
    why: 'close gives a whole prefetch back at once',
    requires: ['store:release', 'brokerAck'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const payloads = Array.from({ length: 15 }, (_, index) => `m${index}`);
      await store.put(queue, ...payloads);
      const outcomes = await store.release(queue, await store.takeMany(queue, 12));
      assert.deepEqual(new Set(outcomes), new Set(['ok']));
      t.same(await store.drain(queue, 15), payloads, 'all messages');
    },
  },
  'release-delay': {
    title: 'a release with a delay hides the message for so long',
    why: 'a bare requeue is a hot loop (R25)',
    requires: ['store:release', 'brokerAck', 'delay'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'x');
      const held = await store.take(queue);
      const [before, delayMs] = [t.now, t.span(1000)];
      await store.release(queue, [held], delayMs);
      await t.advance(delayMs / 2);
      assert.deepEqual(await store.get(queue), []);
      await store.take(queue);
      assert.ok(t.now - before >= delayMs - 1, `came back after ${t.now - before} ms with a delay of ${delayMs} ms`);
    },
  },
  'release-ends-lease': {
    title: 'a released message does not come back a second time when its old lease would have ended',
    why: 'a lease that is not ended makes a second copy (R32)',
    requires: ['store:release', 'brokerAck', 'lease', 'harness:shortLease'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'x');
      await store.release(queue, [await store.take(queue)]);
      await store.ack(queue, await store.take(queue));
      await t.advance(t.leaseMs * 2);
      await store.empty(queue);
    },
  },
  'delivery-count': {
    title: 'deliveryCount, where the store counts, grows with each delivery',
    why: 'retry limits need it (R25)',
    requires: ['store:release', 'brokerAck'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'x');
      const counts: (number | undefined)[] = [];
      for (let attempt = 0; attempt < 4; attempt++) {
        const held = await store.take(queue);
        counts.push(held.deliveryCount);
        await store.release(queue, [held]);
      }
      if (counts.every((each) => each === undefined)) return;
      assert.deepEqual(
        counts.map((each) => each ?? 0),
        [0, 1, 2, 3],
      );
    },
  },
});

import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import type { StoreCase } from '../store-test.ts';

/** Close, and what lasts until then. */
export const end: readonly StoreCase[] = group('end', {
  'close-settles': {
    title: 'close settles gets that wait, soon',
    why: 'blocking reads that never return (R4); close that hangs (R10)',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const gets = [1, 2].map(() => store.get(queue, { waitMs: t.span(60_000) }));
      const settled = Promise.allSettled(gets);
      await t.advance(t.span(50));
      const before = t.now;
      await store.close();
      for (const result of await t.wait(settled, 'the gets that waited when the store closed')) {
        if (result.status === 'fulfilled') assert.deepEqual(result.value, []);
        else assert.ok(!(result.reason instanceof assert.AssertionError), String(result.reason));
      }
      assert.ok(t.now - before < t.span(5000), `close took ${t.now - before} ms`);
    },
  },
  'close-twice': {
    title: 'close is idempotent, also on a store that was never used',
    why: 'several parts of an application close at shutdown (R10)',
    async run(t) {
      const store = await t.store();
      await Promise.all([store.close(), store.close()]);
      await store.close();
    },
  },
  'after-close': {
    title: 'calls on a closed store reject soon',
    why: 'a call on something closed hung for ever (R5)',
    async run(t) {
      const [store, other] = [await t.store(), await t.store()];
      const queue = await t.queue(store);
      await store.close();
      for (const call of [store.put(queue, 'x'), store.get(queue, { waitMs: t.span(60_000) })].map((each) =>
        t.later<unknown>(each),
      )) {
        await assert.rejects(call, (error) => !(error instanceof assert.AssertionError));
      }
      await other.empty(queue);
    },
  },
  'others-live': {
    title: 'closing one store leaves another on the same backend working',
    why: 'closing one closed the other where state was shared (R43)',
    async run(t) {
      const [store, other] = [await t.store(), await t.store()];
      const queue = await t.queue(other);
      await store.declare(queue);
      await store.put(queue, 'x');
      await store.close();
      assert.deepEqual(await other.drain(queue, 1), ['x']);
    },
  },
  timers: {
    title: 'after close no timer is left on the clock',
    why: 'every reconnect left something behind (R27)',
    requires: ['harness:manualTime'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'a', 'b');
      await store.take(queue);
      await store.ack(queue, await store.take(queue));
      await store.get(queue, { waitMs: 50 });
      await store.deleteQueue(queue);
      await store.close();
      assert.equal(t.pendingTimers, 0, 'pending timers after close');
    },
  },
  'ten-thousand': {
    title: 'ten thousand messages go through, in order',
    why: 'cost per message must not grow with the length of the queue',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const payloads = Array.from({ length: 10_000 }, (_, index) => `m${index}`);
      for (let start = 0; start < payloads.length; start += 500) {
        await store.put(queue, ...payloads.slice(start, start + 500));
      }
      const got: string[] = [];
      while (got.length < payloads.length) {
        const taken = await store.takeMany(queue, 500, { max: 500 });
        await store.ack(queue, ...taken);
        got.push(...taken.map((each) => each.payload));
      }
      t.same(got, payloads, 'all messages');
      await store.empty(queue);
    },
  },
});

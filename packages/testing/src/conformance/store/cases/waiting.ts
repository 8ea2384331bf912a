import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import type { StoreCase, StoreTest } from '../store-test.ts';
import type { Taken, TestStore } from '../test-store.ts';

// How late a waiting get may answer, in milliseconds before scaling.
const SLACK_MS = 1000;

/** Get waits as long as it is told to, wakes up, and lets itself be stopped. */
export const waiting: readonly StoreCase[] = group('waiting', {
  'only-look': {
    title: 'with waitMs 0 get only looks',
    why: 'get of the application API answers at once',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const before = t.now;
      assert.deepEqual(await store.get(queue, { waitMs: 0 }), []);
      assert.ok(t.now - before < t.span(SLACK_MS), `the answer took ${t.now - before} ms`);
    },
  },
  'ends-by-itself': {
    title: 'get of an empty queue waits no longer than waitMs',
    why: 'a blocking read that never returns parks the consumer for ever (R4)',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const [before, waitMs] = [t.now, t.span(1000)];
      assert.deepEqual(await store.get(queue, { waitMs }), []);
      assert.ok(t.now - before <= waitMs + t.span(SLACK_MS), `waited ${t.now - before} ms instead of ${waitMs} ms`);
    },
  },
  'wakes-up': {
    title: 'a waiting get answers soon after a message comes in, from this store or another',
    why: 'a missed wake-up costs the whole waiting time, or for ever (R1)',
    async run(t) {
      const [store, other] = [await t.store(), await t.store()];
      const queue = await t.queue(store);
      await other.declare(queue);
      for (const [index, writer] of [store, other].entries()) {
        const answer = t.later(takeWaiting(t, store, queue));
        await t.advance(t.span(300));
        const before = t.now;
        await writer.put(queue, `m${index}`);
        const taken = await t.wait(answer, 'the waiting get');
        assert.equal(taken.payload, `m${index}`);
        assert.ok(t.now - before < t.span(SLACK_MS), `woke up ${t.now - before} ms after the put`);
        await store.ack(queue, taken);
      }
    },
  },
  'one-of-two': {
    title: 'of two waiting gets one gets the message',
    why: 'two workers on one message (R2)',
    async run(t) {
      const [one, two] = [await t.store(), await t.store()];
      const queue = await t.queue(one);
      await two.declare(queue);
      // Shorter than a lease: what one of them takes must not come back for the other.
      const waitMs = Math.min(t.span(2000), (t.leaseMs || Number.POSITIVE_INFINITY) / 4);
      const gets = [one, two].map((each) => t.later(each.get(queue, { waitMs, max: 10 })));
      await one.put(queue, 'x');
      const got = (await Promise.all(gets)).flat();
      // Returning early and empty is fine, so that the message may still be there.
      if (got.length === 0) got.push(await one.take(queue));
      assert.deepEqual(
        got.map((each) => each.payload),
        ['x'],
      );
      await one.empty(queue);
    },
  },
  'signal-stops': {
    title: 'the signal ends the wait soon, and nothing is lost',
    why: 'aborting a long poll strands a message until its lease ends (R11)',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const stop = new AbortController();
      const answer = t.later(store.get(queue, { waitMs: t.span(60_000), signal: stop.signal }));
      await t.advance(t.span(50));
      const before = t.now;
      stop.abort();
      assert.deepEqual(await settled(answer), []);
      assert.ok(t.now - before < t.span(SLACK_MS), `stopped ${t.now - before} ms after the signal`);
      await store.put(queue, 'after');
      assert.deepEqual(await store.drain(queue, 1), ['after'], 'a read that was given up must not take a message');
    },
  },
  'signal-fired-before': {
    title: 'with a signal that has fired get answers soon, and nothing is lost',
    why: 'stop is often there before the next read begins (R11)',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'x');
      const signal = AbortSignal.abort();
      const before = t.now;
      const taken = await settled(store.get(queue, { waitMs: t.span(60_000), signal }));
      assert.ok(t.now - before < t.span(SLACK_MS), `answered ${t.now - before} ms later`);
      if (taken.length === 0) taken.push(await store.take(queue));
      assert.deepEqual(
        taken.map((each) => each.payload),
        ['x'],
      );
      await store.empty(queue);
    },
  },
  'signal-and-message': {
    title: 'when signal and message come at the same time, the message is returned or still there',
    why: 'what was already taken is returned, not dropped (R11)',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      for (let round = 0; round < 10; round++) {
        const stop = new AbortController();
        const answer = t.later(store.get(queue, { waitMs: t.span(10_000), signal: stop.signal }));
        const put = t.later(store.put(queue, `m${round}`));
        if (round % 2 === 0) await Promise.resolve();
        stop.abort();
        await put;
        const taken = await settled(answer);
        if (taken.length === 0) taken.push(await store.take(queue));
        assert.deepEqual(
          taken.map((each) => each.payload),
          [`m${round}`],
        );
        await store.ack(queue, ...taken);
      }
      await store.empty(queue);
    },
  },
  watch: {
    title: 'watch wakes when a message comes in, and no more once it is stopped',
    why: 'a missed wake-up costs a polling interval, one too many of a stopped consumer costs a read',
    requires: ['store:watch'],
    async run(t) {
      const [store, other] = [await t.store(), await t.store()];
      const queue = await t.queue(store);
      await other.declare(queue);
      let woken = 0;
      const stop = store.raw.watch?.(queue, () => woken++);
      await t.settle();
      woken = 0;
      await other.put(queue, 'x');
      await t.until(() => woken > 0, 'a wake-up after the put');
      stop?.();
      await t.settle();
      woken = 0;
      await other.put(queue, 'y');
      await t.settle();
      assert.equal(woken, 0, 'wake-ups after stop');
    },
  },
});

/** Asks with a long wait, again whenever the answer is empty, which a store may give early. */
async function takeWaiting(t: StoreTest, store: TestStore, queue: string): Promise<Taken> {
  for (;;) {
    const [taken] = await store.get(queue, { waitMs: t.span(5000) });
    if (taken) return taken;
    await t.advance(1);
  }
}

/** The answer to a get that was told to stop; rejecting would drop what it took. */
async function settled(answer: Promise<readonly Taken[]>): Promise<Taken[]> {
  return [...(await answer)];
}

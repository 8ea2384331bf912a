import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import type { StoreCase } from '../store-test.ts';
import { storeMembers } from '../store-test.ts';

/** Counting, emptying, making and deleting queues. */
export const manage: readonly StoreCase[] = group('manage', {
  members: {
    title: 'the store has exactly the optional members that the harness says it has',
    why: 'present means core uses it: a list kept by hand must not drift from the code',
    async run(t) {
      const { raw } = await t.store();
      for (const member of storeMembers) {
        const lacking = t.lacks.includes(member);
        assert.equal(raw[member] === undefined, lacking, `${member} is ${lacking ? 'listed in lacks' : 'expected'}`);
      }
      await Promise.resolve();
    },
  },
  size: {
    title: 'size counts the ready messages, not the leased ones',
    why: 'autoscaling reads it',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const expect = (size: number, when: string): Promise<true> =>
        t.poll(async () => ((await store.size(queue)) === size ? true : undefined), `a size of ${size} ${when}`);
      await expect(0, 'at first');
      await store.put(queue, 'a', 'b', 'c');
      await expect(3, 'after three puts');
      const held = await store.take(queue);
      await expect(2, 'with one leased');
      await store.ack(queue, held);
      await expect(2, 'after its ack');
    },
  },
  purge: {
    title: 'purge removes the ready messages, says how many, and leaves the leased ones',
    why: 'a silent no-op shows only in production; work in progress is not ready',
    async run(t) {
      const store = await t.store();
      const [queue, sibling] = [await t.queue(store), await t.queue(store)];
      await store.put(queue, 'a', 'b', 'c', 'd');
      await store.put(sibling, 'other');
      const held = await store.take(queue);
      assert.equal(await store.purge(queue), 3, 'the number of purged messages');
      await store.empty(queue);
      assert.equal(await store.size(queue), 0);
      await store.ack(queue, held);
      assert.deepEqual(await store.drain(sibling, 1), ['other'], 'another queue');
      await store.put(queue, 'after');
      assert.deepEqual(await store.drain(queue, 1), ['after'], 'the queue works on');
    },
  },
  delete: {
    title: 'delete removes the queue with all it holds, leased messages too, and no other queue',
    why: 'SLMQ forgot a prefix and deleted nothing',
    async run(t) {
      const store = await t.store();
      const [queue, sibling] = [await t.queue(store), await t.queue(store)];
      await store.put(queue, 'a', 'b');
      await store.put(sibling, 'other');
      await store.take(queue);
      await store.deleteQueue(queue);
      await t.queue(store, queue);
      await t.outlastLeases();
      await store.empty(queue);
      assert.deepEqual(await store.drain(sibling, 1), ['other'], 'another queue');
    },
  },
  exists: {
    title: 'exists is true for a declared queue, emptied or not, and false otherwise',
    why: 'an empty Redis queue was reported as not existing after it was declared',
    requires: ['store:exists', 'store:declare'],
    async run(t) {
      const [store, other] = [await t.store(), await t.store()];
      const queue = await t.queue(store);
      const exists = (name: string): Promise<boolean> =>
        t.wait(other.raw.exists?.(name) ?? Promise.resolve(false), `exists(${name})`);
      assert.equal(await exists(t.name('missing')), false, 'a queue that nobody made');
      assert.equal(await exists(queue), true, 'freshly declared');
      await store.put(queue, 'x');
      await store.drain(queue, 1);
      assert.equal(await exists(queue), true, 'emptied');
      await store.deleteQueue(queue);
      assert.equal(await exists(queue), false, 'deleted');
    },
  },
  'declare-again': {
    title: 'declaring a queue again keeps what it holds',
    why: 'every process of a fleet declares the same topology (R1)',
    requires: ['store:declare'],
    async run(t) {
      const [store, other] = [await t.store(), await t.store()];
      const queue = await t.queue(store);
      await store.put(queue, 'kept');
      await other.declare(queue);
      assert.deepEqual(await other.drain(queue, 1), ['kept']);
    },
  },
  names: {
    title: 'queues with unusual names hold their own messages',
    why: 'any UTF-8 name works everywhere; __proto__ breaks plain objects',
    async run(t) {
      const store = await t.store();
      const queues: string[] = [];
      const suffix = t.name('');
      for (const name of [...unusual.map((hint) => `${hint}${suffix}`), '__proto__', 'constructor']) {
        queues.push(await t.queue(store, name));
        await store.purge(name);
      }
      for (const queue of queues) await store.put(queue, queue);
      for (const queue of queues) assert.deepEqual(await store.drain(queue, 1), [queue]);
    },
  },
});

const unusual: readonly string[] = [
  'dots.and spaces',
  'slashes/and\\backslashes',
  'grüße-你好-🎈',
  'percent%2F%00',
  'quotes"\'`',
  'UPPER',
  'upper',
  'a.b',
  'a-b',
  'a_b',
  'ab',
  '{braces}*#:|;,',
  'x'.repeat(200),
];

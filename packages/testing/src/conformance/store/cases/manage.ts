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
  prefixes: {
    title: 'queues whose names begin alike stay apart, also when one of them is purged or deleted',
    why: 'listing keys by a prefix or a pattern finds those of others too',
    async run(t) {
      const store = await t.store();
      const base = t.name('queue');
      const ends = ['', '*', '.', '.a', 'a', ':a', '/a', '?', '#', '[a]', ' a', '%', '-dlq', '\u0006\u00163'];
      const [whole = '', star = '', ...others] = ends.map((end) => `${base}${end}`);
      for (const name of [whole, star, ...others]) {
        await t.queue(store, name);
        await store.put(name, name);
      }
      assert.equal(await store.purge(star), 1, 'messages purged by the name with a *');
      await store.deleteQueue(whole);
      for (const name of others) assert.equal(await store.size(name), 1, `messages in ${name}`);
      for (const name of others) assert.deepEqual(await store.drain(name, 1), [name]);
    },
  },
  'long-names': {
    title: 'queues with names of 250 bytes stay apart, or putting into them is refused',
    why: 'a name that is cut somewhere leads to the queue of another',
    async run(t) {
      const store = await t.store();
      const name = t.name('long').padEnd(249, 'q');
      const works: boolean[] = [];
      for (const queue of [`${name}1`, `${name}2`]) {
        const use = async (): Promise<boolean> => {
          await t.queue(store, queue);
          return (await store.tryPut(queue, queue)).length === 0;
        };
        works.push(await use().catch(() => false));
      }
      assert.equal(works[0], works[1], 'both names are taken, or both are refused');
      for (const end of works[0] ? [1, 2] : []) {
        assert.deepEqual(await store.drain(`${name}${end}`, 1), [`${name}${end}`]);
      }
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
  ' globs [ab]? ',
  'new\nline',
  'x'.repeat(120),
];

import assert from 'node:assert/strict';
import type { BindingDeclaration, BindingStore } from '@kombu/core/spi';
import { group } from '../../case.ts';
import type { StoreCase, StoreTest } from '../store-test.ts';
import type { TestStore } from '../test-store.ts';

/** A table of bindings in the store, seen by all processes. */
export const bindings: readonly StoreCase[] = group('bindings', {
  shared: {
    title: 'a binding that one store adds another one lists, as it was',
    why: 'publishers and consumers are different processes',
    requires: ['store:bindings'],
    async run(t) {
      const [table, other] = [tableOf(await t.store()), tableOf(await t.store())];
      const [exchange, elsewhere] = [t.name('exchange'), t.name('exchange')];
      const added = [binding(exchange, 'q1', 'a.*'), binding(exchange, 'q1', 'b'), binding(exchange, 'q2', '')];
      for (const each of added) await t.wait(table.add(each, 'topic'), 'add');
      await t.wait(table.add(binding(elsewhere, 'q3', 'x'), 'topic'), 'add');
      assert.deepEqual(summary(await t.wait(other.list(exchange, 'topic'), 'list')), summary(added));
      assert.deepEqual(await t.wait(other.list(t.name('unknown'), 'topic'), 'list'), []);
      await removeAll(t, table, [...added, binding(elsewhere, 'q3', 'x')]);
    },
  },
  idempotent: {
    title: 'adding twice is adding once, and removing what is not there does nothing',
    why: 'every process of a fleet declares the same topology',
    requires: ['store:bindings'],
    async run(t) {
      const table = tableOf(await t.store());
      const exchange = t.name('exchange');
      const [one, two] = [binding(exchange, 'q', 'one'), binding(exchange, 'q', 'two')];
      await t.wait(table.add(one, 'topic'), 'add');
      await t.wait(table.add(one, 'topic'), 'add');
      await t.wait(table.remove(two), 'remove');
      assert.deepEqual(summary(await t.wait(table.list(exchange, 'topic'), 'list')), summary([one]));
      await t.wait(table.remove(one), 'remove');
      await t.wait(table.remove(one), 'remove');
      assert.deepEqual(await t.wait(table.list(exchange, 'topic'), 'list'), []);
    },
  },
  whole: {
    title: 'a binding that the table carries comes back whole; of what it cannot carry it says so',
    why: 'without its arguments a binding matches everything, without its kind it leads to a queue of that name (R28)',
    requires: ['store:bindings'],
    async run(t) {
      const [table, other] = [tableOf(await t.store()), tableOf(await t.store())];
      const plain = binding(t.name('exchange'), t.name('target'), 'key');
      const kinds: readonly BindingDeclaration[] = [
        plain,
        { ...plain, destinationType: 'exchange' },
        { ...plain, arguments: { 'x-match': 'any', format: 'pdf', pages: 2 } },
        { ...plain, arguments: { nested: { list: [1, 'two', null, true] } } },
      ];
      const carried = kinds.filter((each) => table.carries?.(each) ?? true);
      assert.equal(carried[0], plain, 'a binding of a queue by its key alone is carried');
      for (const each of carried) await t.wait(table.add(each, 'headers'), 'add');
      for (let removed = 0; removed < carried.length; removed++) {
        const listed = await t.wait(other.list(plain.exchange, 'headers'), 'list');
        assert.deepEqual(inOrder(listed), inOrder(carried.slice(removed)), `after ${removed} were removed`);
        await t.wait(table.remove(carried[removed] as BindingDeclaration), 'remove');
      }
      assert.deepEqual(await t.wait(other.list(plain.exchange, 'headers'), 'list'), []);
    },
  },
  'remove-queue': {
    title: 'removeQueue forgets all bindings that lead to this queue, and no others',
    why: 'a deleted queue that stays bound swallows messages (R28)',
    requires: ['store:bindings'],
    async run(t) {
      const table = tableOf(await t.store());
      const [one, two] = [t.name('exchange'), t.name('exchange')];
      const [doomed, kept] = [t.name('queue'), t.name('queue')];
      const added = [
        binding(one, doomed, 'a'),
        binding(one, doomed, 'b'),
        binding(two, doomed, 'a'),
        binding(one, kept, 'a'),
      ];
      const namesake: BindingDeclaration = { ...binding(one, doomed, 'a'), destinationType: 'exchange' };
      if (table.carries?.(namesake) ?? true) added.push(namesake);
      for (const each of added) await t.wait(table.add(each, 'topic'), 'add');
      await t.wait(table.removeQueue(doomed), 'removeQueue');
      assert.deepEqual(summary(await t.wait(table.list(one, 'topic'), 'list')), summary(added.slice(3)));
      assert.deepEqual(await t.wait(table.list(two, 'topic'), 'list'), []);
      await removeAll(t, table, added);
    },
  },
  fresh: {
    title: 'list shows what another store changed',
    why: 'a stale table routes into queues that are gone, or past new ones (R28)',
    requires: ['store:bindings'],
    async run(t) {
      const [table, other] = [tableOf(await t.store()), tableOf(await t.store())];
      const exchange = t.name('exchange');
      const one = binding(exchange, 'q', 'one');
      for (let round = 0; round < 3; round++) {
        assert.deepEqual(await t.wait(table.list(exchange, 'topic'), 'list'), [], 'before it was added');
        await t.wait(other.add(one, 'topic'), 'add');
        assert.deepEqual(
          summary(await t.wait(table.list(exchange, 'topic'), 'list')),
          summary([one]),
          'after it was added',
        );
        await t.wait(other.remove(one), 'remove');
      }
    },
  },
  names: {
    title: 'any text can be a routing key or a queue name',
    why: 'separators inside names break tables of joined strings',
    requires: ['store:bindings'],
    async run(t) {
      const table = tableOf(await t.store());
      const exchange = t.name('exchänge/with:odd,chars');
      const odd = ['', ' ', 'a.b', '*.#', '__proto__', 'quote"\'', '\u0006\u0016', 'grüße🎈', 'a,b|c:d;e\\f/g'];
      const added = odd.flatMap((text) => [binding(exchange, 'queue', text), binding(exchange, `q${text}`, 'key')]);
      for (const each of added) await t.wait(table.add(each, 'topic'), 'add');
      assert.deepEqual(summary(await t.wait(table.list(exchange, 'topic'), 'list')), summary(added));
      await removeAll(t, table, added);
      assert.deepEqual(await t.wait(table.list(exchange, 'topic'), 'list'), []);
    },
  },
});

function tableOf(store: TestStore): BindingStore {
  assert.ok(store.raw.bindings, 'the store has bindings');
  return store.raw.bindings;
}

function binding(exchange: string, queue: string, routingKey: string): BindingDeclaration {
  return { exchange, destination: queue, destinationType: 'queue', routingKey, arguments: {} };
}

/** The same bindings of one queue and one exchange in the same order, whatever order the table has. */
function inOrder(list: readonly BindingDeclaration[]): readonly BindingDeclaration[] {
  return list.toSorted((one, other) => (rank(one) < rank(other) ? -1 : 1));
}

function rank({ destinationType, arguments: args }: BindingDeclaration): string {
  return destinationType + Object.keys(args).toSorted().join();
}

/** Comparable whatever the order. */
function summary(list: readonly BindingDeclaration[]): readonly string[] {
  const parts = list.map(({ exchange, destination, destinationType, routingKey }) => [
    exchange,
    destination,
    destinationType,
    routingKey,
  ]);
  return parts.map((each) => JSON.stringify(each)).toSorted();
}

async function removeAll(t: StoreTest, table: BindingStore, list: readonly BindingDeclaration[]): Promise<void> {
  for (const each of list) await t.wait(table.remove(each), 'remove');
}

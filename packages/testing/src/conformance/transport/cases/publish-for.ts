import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { numbered } from '../messages.ts';
import type { Told } from '../test-channel.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** `publishFor`, where the channels have it: `publish` in other words. */
export const publishFor: readonly TransportCase[] = group('publish-for', {
  outcomes: {
    title: 'publishFor tells its waiter what publish would resolve to or reject with',
    why: 'core publishes by it: a waiter that hears something else loses messages unseen (R6)',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const queue = await t.queue(channel);
      await channel.bind(queue, exchange, 'key');
      const guarantee = await channel.publish(exchange, 'key', 'promised', { mandatory: true });
      const published = channel.publishFor(exchange, 'key', 'told', { mandatory: true });
      await once(t, [published]);
      assert.deepEqual(published, [{ guarantee }], 'what the waiter was told');
      const unroutable = channel.publishFor(exchange, 'nowhere', 'lost', { mandatory: true });
      const missing = (await t.channel()).publishFor(t.name('missing'), 'key', 'lost');
      await once(t, [unroutable, missing]);
      assert.deepEqual([codeOf(t, unroutable), codeOf(t, missing)], ['UNROUTABLE', 'NOT_FOUND']);
      assert.deepEqual(await channel.drain(queue, 2), ['promised', 'told']);
    },
  },
  order: {
    title: 'publishes by publishFor and by publish keep their order among each other',
    why: 'one application may use both: neither may overtake',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const told: Told[] = [];
      const promised: Promise<unknown>[] = [];
      const bodies = numbered('m', 100);
      for (const [index, body] of bodies.entries()) {
        if (index % 3 === 0) promised.push(t.later(channel.publish('', queue, body)));
        else told.push(channel.publishFor('', queue, body));
      }
      await t.wait(Promise.all(promised), 'the publishes');
      await once(t, told);
      assert.deepEqual(
        told.flat().filter((each) => 'error' in each),
        [],
        'publishes that failed',
      );
      t.same(await channel.drain(queue, 100), bodies, 'a hundred messages');
    },
  },
  once: {
    title: 'each waiter is told once, also when the connection closes meanwhile or was closed before',
    why: 'a waiter that is never told hangs its publisher (R7); one that is told twice breaks it',
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      const underWay = numbered('m', 20).map((body) => channel.publishFor('', queue, body));
      await connection.close();
      const late = channel.publishFor('', queue, 'late');
      await once(t, [...underWay, late]);
      assert.match(codeOf(t, late) ?? 'none', /^(CLOSED|CONNECTION_LOST|CONNECTION_FAILED)$/, 'the code of a late one');
      for (const each of underWay) assert.notEqual(codeOf(t, each), 'INTERNAL', 'the code of one under way');
    },
  },
});

/** Waits until each waiter was told, and then some: nobody may be told twice. */
async function once(t: TransportTest, told: readonly Told[]): Promise<void> {
  const silent = (): number => told.filter((each) => each.length === 0).length;
  await t.until(
    () => silent() === 0,
    () => `the answers (${silent()} of ${told.length} waiters were told nothing)`,
  );
  await t.settle();
  assert.deepEqual(
    told.map((each) => each.length),
    told.map(() => 1),
    'how often each waiter was told',
  );
}

function codeOf(t: TransportTest, [first]: Told): string | undefined {
  return first && 'error' in first ? t.codeOf(first.error) : undefined;
}

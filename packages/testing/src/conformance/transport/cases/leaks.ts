import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { numbered } from '../messages.ts';
import type { TestConnection } from '../test-connection.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** After close nothing is left behind. */
export const leaks: readonly TransportCase[] = group('leaks', {
  timers: {
    title: 'after close no timer is left on the clock',
    why: 'every reconnect left something behind (R27)',
    requires: ['harness:manualTime'],
    async run(t) {
      const connection = await t.connect();
      const queue = await work(t, connection);
      await (await connection.channel()).deleteQueue(queue);
      await connection.close();
      assert.equal(t.pendingTimers, 0, 'pending timers after close');
    },
  },
  'timers-of-channels': {
    title: 'the number of timers does not grow with the channels that come and go',
    why: 'channels come and go during the life of a connection (R27)',
    requires: ['harness:manualTime'],
    async run(t) {
      const connection = await t.connect();
      const queue = await t.queue(await connection.channel());
      const timers: (number | undefined)[] = [];
      for (let round = 0; round < 4; round++) {
        const channel = await connection.channel();
        await channel.consume(queue, { prefetch: 1 });
        await channel.send(queue, 'a', 'b');
        await channel.ack(await channel.next());
        await channel.next();
        await channel.close();
        await t.settle();
        timers.push(t.pendingTimers);
      }
      assert.deepEqual(new Set(timers.slice(1)), new Set([timers[0]]), `pending timers: ${timers.join(', ')}`);
    },
  },
  resources: {
    title: 'ten connections that were used and closed leave no socket and no timer of the process',
    why: 'descriptors and timers grew with each connection (R27)',
    async run(t) {
      await work(t, await t.connect());
      const before = resources();
      for (let round = 0; round < 10; round++) {
        const connection = await t.connect();
        await work(t, connection);
        await connection.close();
      }
      const calm = async (): Promise<true | undefined> => (grown(before, resources()).length === 0 ? true : undefined);
      await t.poll(calm, 'sockets and timers to be as few as before').catch(() => {
        assert.deepEqual(grown(before, resources()), [], 'resources that ten connections left behind');
      });
    },
  },
});

/** Uses a connection as applications do; resolves to the queue it used. */
async function work(t: TransportTest, connection: TestConnection): Promise<string> {
  const channel = await connection.channel();
  const queue = await t.queue(channel);
  await channel.send(queue, ...numbered('m', 5));
  const tag = await channel.consume(queue, { prefetch: 3 });
  const [first] = await channel.receive(3);
  assert.ok(first);
  await channel.ack(first);
  await channel.next();
  await channel.cancel(tag);
  await channel.take(queue);
  return queue;
}

type Counts = ReadonlyMap<string, number>;

function resources(): Counts {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function grown(before: Counts, after: Counts): readonly string[] {
  const kinds = [...after.keys()].filter((kind) => /socket|pipe|timeout/i.test(kind));
  return kinds
    .filter((kind) => (after.get(kind) ?? 0) > (before.get(kind) ?? 0) + 1)
    .map((kind) => `${kind}: ${before.get(kind) ?? 0} before, ${after.get(kind)} after`);
}

import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { textOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** An error costs what it concerns, and no more. */
export const errors: readonly TransportCase[] = group('errors', {
  'channel-alone': {
    title: 'errors on one channel leave other channels and the connection working',
    why: 'a 404 on one channel closed the whole connection (R13)',
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      await channel.consume(queue);
      for (let round = 0; round < 3; round++) {
        const doomed = await connection.channel();
        const missing = doomed.declareQueue(t.name('missing'), { passive: true });
        await t.rejects(missing, 'NOT_FOUND', 'a passive declareQueue');
        await channel.send(queue, `m${round}`);
        assert.equal(textOf(await channel.next()), `m${round}`, 'a consumer of another channel');
      }
      assert.deepEqual(connection.ends, [], 'the connection is open');
      assert.deepEqual(channel.events.ends, [], 'the other channel is open');
    },
  },
  'messages-survive': {
    title: 'a channel that an error ends gives its unacked messages back; one that goes on keeps them',
    why: 'at-least-once holds for errors too',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'x');
      const doomed = await t.channel();
      const held = await doomed.take(queue);
      await t.rejects(doomed.count(t.name('missing')), 'NOT_FOUND', 'a passive declareQueue');
      await t.settle();
      if (doomed.events.ends.length === 0) await doomed.requeue(held);
      assert.equal(textOf(await channel.take(queue)), 'x');
    },
  },
  'ended-channel': {
    title: 'a channel that an error ends says so once, with the reason, and rejects what follows',
    why: 'a dead channel that looks alive hangs its owner (R26)',
    async run(t) {
      const doomed = await t.channel();
      await t.rejects(doomed.count(t.name('missing')), 'NOT_FOUND', 'a passive declareQueue');
      await t.settle();
      const [end, ...more] = doomed.events.ends;
      if (!end) return;
      assert.ok(end.error instanceof Error, 'the reason');
      assert.deepEqual(more, [], 'said once');
      const late = await doomed.raw.get(t.name('any'), { noAck: true }).catch((error: unknown) => error);
      assert.ok(late instanceof Error, 'a call on the ended channel rejects');
    },
  },
  classify: {
    title: 'classify answers INTERNAL for what it does not know, and never throws',
    why: 'the one place where errors become codes must take anything',
    async run(t) {
      const strange: readonly unknown[] = [new Error('no idea'), undefined, null, 'text', 42, {}, new TypeError('x')];
      for (const error of strange) assert.equal(t.transport.classify(error), 'INTERNAL', String(error));
      await Promise.resolve();
    },
  },
});

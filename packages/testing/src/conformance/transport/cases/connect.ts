import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import type { TransportCase } from '../transport-test.ts';

/** Connecting ends soon, one way or the other. */
export const connect: readonly TransportCase[] = group('connect', {
  aborted: {
    title: 'connect with a signal that has fired rejects soon and leaves no timer',
    why: 'connect blocked for ever (R5)',
    async run(t) {
      const timers = t.pendingTimers;
      const gone = new AbortController();
      gone.abort(new Error('the caller gave up'));
      await assert.rejects(t.connect({ signal: gone.signal }), (error) => !(error instanceof assert.AssertionError));
      assert.equal(t.pendingTimers, timers, 'pending timers');
    },
  },
  'aborted-midway': {
    title: 'connect settles soon when its signal fires meanwhile',
    why: 'connect blocked for ever (R5)',
    async run(t) {
      const gone = new AbortController();
      const attempt = t.connect({ signal: gone.signal }).then(
        () => 'connected',
        (error: unknown) => {
          if (error instanceof assert.AssertionError) throw error;
          return 'rejected';
        },
      );
      gone.abort(new Error('the caller gave up'));
      assert.match(await attempt, /^(connected|rejected)$/);
    },
  },
  'signal-is-for-connecting': {
    title: 'the signal has no effect on a connection that was made',
    why: 'the SPI says so: the connection has close',
    async run(t) {
      const controller = new AbortController();
      const connection = await t.connect({ signal: controller.signal });
      controller.abort(new Error('too late'));
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'x');
      assert.deepEqual(await channel.drain(queue, 1), ['x']);
      assert.deepEqual(connection.ends, [], 'the connection is open');
    },
  },
  unreachable: {
    title: 'connect to a place where nobody listens rejects with CONNECTION_FAILED',
    why: 'failover to the next host depends on it (R5)',
    requires: ['harness:unreachableUrl'],
    async run(t) {
      const attempt = t.connect({ url: t.options.unreachableUrl ?? '' });
      await t.rejects(attempt, 'CONNECTION_FAILED', 'connect to nobody');
    },
  },
  many: {
    title: 'several connections of one process live side by side',
    why: 'class-level caches were shared between connections (R43)',
    async run(t) {
      const connections = await Promise.all(Array.from({ length: 5 }, () => t.connect()));
      const channels = await Promise.all(connections.map((each) => each.channel()));
      for (const channel of channels) {
        const queue = await t.queue(channel);
        await channel.send(queue, queue);
        assert.deepEqual(await channel.drain(queue, 1), [queue]);
      }
    },
  },
});

import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { textOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** Many of everything on one connection. */
export const load: readonly TransportCase[] = group('load', {
  'many-queues': {
    title: 'two hundred queues are consumed on one connection',
    why: 'one blocking read or one socket per queue does not scale',
    async run(t) {
      const channel = await t.channel();
      const queues: string[] = [];
      for (let index = 0; index < 200; index++) queues.push(await t.queue(channel));
      for (const queue of queues) await channel.consume(queue, { prefetch: 1 });
      for (const queue of queues) await channel.send(queue, queue);
      const missing = new Set(queues);
      while (missing.size > 0) {
        const delivery = await channel.next();
        assert.ok(missing.delete(textOf(delivery)), `the message of ${textOf(delivery)} came a second time`);
        await channel.ack(delivery);
      }
    },
  },
  'many-channels': {
    title: 'channels are opened and closed a hundred times, and fifty stay open side by side',
    why: 'channels that are never returned run out (R27)',
    async run(t) {
      const connection = await t.connect();
      for (let index = 0; index < 100; index++) await (await connection.channel()).close();
      const channels = [];
      for (let index = 0; index < 50; index++) channels.push(await connection.channel());
      const [first] = channels;
      assert.ok(first);
      const queue = await t.queue(first);
      for (const channel of channels) await channel.send(queue, 'x');
      assert.equal((await first.drain(queue, 50)).length, 50);
    },
  },
});

import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { envelopeOf, textOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** The broker goes away and comes back. */
export const restart: readonly TransportCase[] = group('restart', {
  noticed: {
    title: 'a connection whose broker restarts says so, its channels too, and calls reject with a code',
    why: 'a consumer that reconnects but is deaf (R1), calls that never settle (R4, R7)',
    requires: ['harness:restartBroker'],
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      await channel.consume(queue);
      await t.options.restartBroker?.();
      await t.until(() => connection.ends.length > 0, 'the closed promise of the connection');
      assert.ok(connection.ends[0] instanceof Error, 'the reason');
      await t.until(() => channel.events.ends.length > 0, 'the closed event of the channel');
      await t.settle();
      assert.deepEqual([connection.ends.length, channel.events.ends.length], [1, 1], 'said once');
      const route = { exchange: '', routingKey: queue, mandatory: false, confirm: true };
      const late = await t.wait(Promise.allSettled([channel.raw.publish(envelopeOf('late'), route)]), 'a late publish');
      assert.equal(late[0].status, 'rejected', 'a publish on the lost connection');
      await connection.close();
    },
  },
  durable: {
    title: 'persistent messages in a durable queue survive, the unacked one too',
    why: 'that is what durable means (R32)',
    requires: ['harness:restartBroker', 'brokerAck'],
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b', 'c');
      await channel.ack(await channel.take(queue));
      await channel.take(queue);
      await t.options.restartBroker?.();
      const reader = await (await t.connect()).channel();
      await reader.declareQueue(queue);
      const [maxMs, got] = [t.comebackMs, [] as string[]];
      while (got.length < 2) got.push(textOf(await reader.take(queue, { maxMs })));
      assert.deepEqual(got.toSorted(), ['b', 'c'], 'what was not acked');
    },
  },
});

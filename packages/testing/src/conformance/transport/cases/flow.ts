import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { envelopeOf, numbered, textOf } from '../messages.ts';
import type { TestChannel } from '../test-channel.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** A broker that is short of memory or disk takes no publishes for a while. */
export const flow: readonly TransportCase[] = group('flow', {
  blocked: {
    title: 'a broker that takes no publishes says so; they wait, consumers go on, and nothing is lost',
    why: 'a resource alarm hung publishers without a word (R23)',
    requires: ['harness:blockPublishers'],
    async run(t) {
      const { reader, writer, queue } = await readerAndWriter(t);
      await writer.send(queue, 'a', 'b', 'c');
      await reader.consume(queue, { prefetch: 1 });
      const unblock = await t.blockPublishers();
      const bodies = numbered('late ', 5);
      const publishes = publishAll(t, writer, queue, bodies);
      await t.until(() => writer.events.blocked.at(-1) === true, 'flow(true) on the channel that publishes');
      for (const body of ['a', 'b', 'c']) {
        const delivery = await reader.next();
        assert.equal(textOf(delivery), body, 'consumers go on');
        await reader.ack(delivery);
      }
      await t.settle();
      // The first ones may have been on their way.
      assert.equal(publishes.at(-1)?.settled, false, 'the last publish waits');
      await unblock();
      await t.wait(Promise.all(publishes.map((each) => each.done)), 'the publishes after the end of the alarm');
      await t.until(() => writer.events.blocked.at(-1) === false, 'flow(false)');
      const got: string[] = [];
      for (const _ of bodies) {
        const delivery = await reader.next();
        got.push(textOf(delivery));
        await reader.ack(delivery);
      }
      t.same(got, bodies, 'what was published meanwhile');
      assert.deepEqual(writer.events.ends, [], 'the channel is open');
    },
  },
  close: {
    title: 'closing a connection whose publishes a blocked broker does not take settles soon, and so do they',
    why: 'close waited for an answer that cannot come (R10, R23)',
    requires: ['harness:blockPublishers'],
    async run(t) {
      const { writer, queue, connection } = await readerAndWriter(t);
      await writer.send(queue, 'x');
      await t.blockPublishers();
      const publishes = publishAll(t, writer, queue, numbered('late ', 5));
      await t.until(() => writer.events.blocked.at(-1) === true, 'flow(true) on the channel that publishes');
      await connection.close();
      const results = await t.wait(Promise.allSettled(publishes.map((each) => each.done)), 'the publishes');
      for (const result of results) {
        if (result.status === 'rejected') assert.notEqual(t.codeOf(result.reason), 'INTERNAL', String(result.reason));
      }
    },
  },
});

/** On a connection each: a broker may stop reading from a connection that publishes. */
async function readerAndWriter(t: TransportTest) {
  const reader = await t.channel();
  const queue = await t.queue(reader);
  const connection = await t.connect();
  const writer = await connection.channel();
  await writer.declareQueue(queue);
  return { reader, queue, connection, writer };
}

interface Publishing {
  readonly done: Promise<unknown>;
  settled: boolean;
}

function publishAll(
  t: TransportTest,
  channel: TestChannel,
  queue: string,
  bodies: readonly string[],
): readonly Publishing[] {
  const route = { exchange: '', routingKey: queue, mandatory: false, confirm: true };
  return bodies.map((body) => {
    const done = t.later(channel.raw.publish(envelopeOf(body), route));
    const publishing: Publishing = { done, settled: false };
    const mark = (): void => void (publishing.settled = true);
    done.then(mark, mark);
    return publishing;
  });
}

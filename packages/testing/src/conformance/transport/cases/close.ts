import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { envelopeOf, numbered, textOf } from '../messages.ts';
import type { TestConnection } from '../test-connection.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** Close settles soon, in every state, and so does all that was under way. */
export const close: readonly TransportCase[] = group('close', {
  unused: {
    title: 'a connection that was never used closes, and closed resolves once, with undefined',
    why: 'close waits for an event that never comes (R10)',
    async run(t) {
      const connection = await t.connect();
      await connection.close();
      await endsCleanly(t, connection);
    },
  },
  twice: {
    title: 'closing twice, at once or later, is fine, for channels and connections',
    why: 'idempotent: several parts of an application close at shutdown (R10)',
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      await Promise.all([channel.close(), channel.close()]);
      await channel.close();
      await Promise.all([connection.close(), connection.close()]);
      await connection.close();
      await channel.close();
      await endsCleanly(t, connection);
      assert.deepEqual(channel.events.ends, [{ error: undefined }], 'the channel said once that it is closed');
    },
  },
  consuming: {
    title: 'closing a connection that consumes ends its channels and delivers nothing more',
    why: 'messages arrived after stop() (R11)',
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      for (let index = 0; index < 3; index++) await channel.consume(queue);
      await connection.close();
      await endsCleanly(t, connection);
      assert.equal(channel.events.ends.length, 1, 'the channel said once that it is closed');
      const other = await t.reader(queue);
      await other.send(queue, 'later');
      await channel.quiet('the connection is closed');
      assert.deepEqual(await other.drain(queue, 1), ['later'], 'nobody took it');
    },
  },
  'with-unacked': {
    title: 'closing with unacked messages settles, and every message is back',
    why: 'shutdown dropped what was in flight (R11)',
    requires: ['brokerAck'],
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      const bodies = numbered('m', 20);
      await channel.send(queue, ...bodies);
      await channel.consume(queue, { prefetch: 5 });
      await channel.receive(5);
      await connection.close();
      await endsCleanly(t, connection);
      t.same(await (await t.reader(queue)).drain(queue, 20), bodies, 'all messages');
    },
  },
  'thousand-unacked': {
    title: 'closing a connection with a thousand unacked messages gives all of them back, in order',
    why: 'what is given back one by one within a deadline is given back in part (R11)',
    requires: ['brokerAck'],
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      const bodies = numbered('m', 1000);
      await channel.sendAtOnce(queue, bodies);
      await channel.consume(queue);
      await channel.receive(1000);
      await connection.close();
      const reader = await t.reader(queue);
      await reader.consume(queue, { noAck: true });
      t.same((await reader.receive(1000, t.comebackMs)).map(textOf), bodies, 'all messages');
      await reader.quiet('each came back once');
    },
  },
  'beside-others': {
    title: 'channels that come and go beside a busy publisher and a busy consumer disturb neither',
    why: 'what channels share, one of them took away from the others (R43, R45)',
    async run(t) {
      const connection = await t.connect();
      const [publisher, consumer] = [await connection.channel(), await connection.channel()];
      const [queue, aside] = [await t.queue(consumer), await t.queue(consumer)];
      await consumer.send(aside, 'kept');
      const acks: Promise<unknown>[] = [];
      consumer.events.onDelivery = ({ deliveryTag }) => void acks.push(t.later(consumer.raw.ack(deliveryTag)));
      await consumer.consume(queue, { prefetch: 5 });
      const bodies = numbered('m', 200);
      const publishes: Promise<unknown>[] = [];
      for (let start = 0; start < bodies.length; start += 20) {
        publishes.push(t.later(publisher.sendAtOnce(queue, bodies.slice(start, start + 20))));
        const passing = await connection.channel();
        await passing.consume(aside);
        await passing.close();
      }
      await t.wait(Promise.all(publishes), 'the publishes');
      t.same((await consumer.receive(200)).map(textOf), bodies, 'all messages');
      assert.deepEqual(new Set(await t.wait(Promise.all(acks), 'the acks')), new Set(['ok']));
      await consumer.quiet('each came once');
      assert.equal(textOf(await consumer.take(aside)), 'kept', 'what the passing channels held');
      assert.deepEqual([...publisher.events.ends, ...consumer.events.ends], [], 'the busy channels are open');
    },
  },
  'under-way': {
    title: 'what is under way when the connection closes settles too',
    why: 'promises that stay pending hang the application (R4, R7)',
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      const route = { exchange: '', routingKey: queue, mandatory: false, confirm: true };
      const calls = [
        ...numbered('m', 20).map((body) => channel.raw.publish(envelopeOf(body), route)),
        channel.raw.get(queue, { noAck: true }),
        channel.raw.purgeQueue(queue),
      ];
      const settled = Promise.allSettled(calls);
      await connection.close();
      for (const result of await t.wait(settled, 'the calls under way when the connection closed')) {
        if (result.status === 'rejected') assertTyped(t, result.reason, 'a call under way');
      }
    },
  },
  'during-consume': {
    title: 'a close while a consumer is being set up settles both',
    why: 'close in the middle of a reconnect never returned (R10)',
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      const options = { queue, consumerTag: 'c', noAck: false, exclusive: false, prefetch: 1, arguments: {} };
      const setUp = Promise.allSettled([channel.raw.consume(options)]);
      await connection.close();
      await t.wait(setUp, 'the consume under way when the connection closed');
      await endsCleanly(t, connection);
    },
  },
  'after-close': {
    title: 'whatever is asked of a closed channel or connection rejects soon, with a code',
    why: 'a call on something closed hung for ever (R5)',
    async run(t) {
      const connection = await t.connect();
      const [closed, orphan] = [await connection.channel(), await connection.channel()];
      const queue = await t.queue(closed);
      await closed.close();
      await rejectsTyped(t, closed.get(queue), 'get on a closed channel');
      await rejectsTyped(t, closed.publish('', queue, 'x'), 'publish on a closed channel');
      await rejectsTyped(t, closed.consume(queue), 'consume on a closed channel');
      await orphan.send(queue, 'x');
      await connection.close();
      await rejectsTyped(t, orphan.get(queue), 'get on a channel of a closed connection');
      await rejectsTyped(t, orphan.declareQueue(queue), 'declareQueue on a channel of a closed connection');
      await rejectsTyped(t, connection.channel(), 'openChannel on a closed connection');
    },
  },
  'one-of-two': {
    title: 'closing one channel or one connection leaves the others alone',
    why: 'closing one closed the other where state was shared (R43)',
    async run(t) {
      const [one, two] = [await t.connect(), await t.connect()];
      const [first, second] = [await one.channel(), await two.channel()];
      const sibling = await one.channel();
      const queue = await t.queue(second);
      await sibling.declareQueue(queue);
      await second.consume(queue, { prefetch: 1 });
      await first.close();
      await sibling.send(queue, 'a');
      await second.ack(await second.next());
      await one.close();
      await second.send(queue, 'b');
      await second.ack(await second.next());
      assert.deepEqual(two.ends, [], 'the other connection is open');
    },
  },
});

async function endsCleanly(t: TransportTest, connection: TestConnection): Promise<void> {
  await t.until(() => connection.ends.length > 0, 'the closed promise of the connection');
  await t.settle();
  assert.deepEqual(connection.ends, [undefined], 'closed by its owner: no error');
}

async function rejectsTyped(t: TransportTest, call: Promise<unknown>, what: string): Promise<void> {
  const error = await call.then(
    () => assert.fail(`${what} should reject, but resolved`),
    (reason: unknown) => reason,
  );
  assertTyped(t, error, what);
}

/** The error says what happened; a wait of the case that failed is passed on. */
function assertTyped(t: TransportTest, error: unknown, what: string): void {
  if (error instanceof assert.AssertionError) throw error;
  assert.notEqual(t.codeOf(error), 'INTERNAL', `${what} rejected with an error nobody knows: ${String(error)}`);
}

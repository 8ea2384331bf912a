import assert from 'node:assert/strict';
import type { Delivery } from '@kombu/core/spi';
import { group } from '../../case.ts';
import { numbered, textOf } from '../messages.ts';
import type { TestChannel } from '../test-channel.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** A message leaves the broker when it is acked, and not before. */
export const ack: readonly TransportCase[] = group('ack', {
  final: {
    title: 'an acked message never comes back, its unacked neighbour does',
    why: 'finished work was put back at shutdown (R11)',
    requires: ['brokerAck'],
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b', 'c');
      await channel.consume(queue);
      const held = await channel.receive(3);
      await channel.ack(pick(held, 'b'));
      await connection.close();
      t.same(await (await t.reader(queue)).drain(queue, 2), ['a', 'c'], 'what was not acked');
    },
  },
  'channel-close': {
    title: 'unacked messages come back when their channel closes, flagged and in order',
    why: 'at-least-once; restored messages went to the wrong end (R32)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b', 'c', 'd');
      const doomed = await t.channel();
      await doomed.consume(queue, { prefetch: 2 });
      await doomed.receive(2);
      await doomed.close();
      await expectReturned(t, channel, queue, ['a', 'b', 'c', 'd'], 2);
    },
  },
  'connection-close': {
    title: 'unacked messages come back when their connection closes, flagged and in order',
    why: 'at-least-once: a message leaves the broker when it is acked',
    requires: ['brokerAck'],
    async run(t) {
      const doomed = await t.connect();
      const channel = await doomed.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b', 'c');
      await channel.take(queue);
      await channel.consume(queue, { prefetch: 1 });
      await channel.receive(1);
      await doomed.close();
      await expectReturned(t, await t.reader(queue), queue, ['a', 'b', 'c'], 2);
    },
  },
  hidden: {
    title: 'an unacked message is hidden from everybody else',
    why: 'two workers on one message (R2)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'mine');
      const held = await channel.take(queue);
      const other = await t.channel();
      await other.consume(queue);
      await other.nothing(queue, 'somebody else holds the message');
      await other.quiet('somebody else holds the message');
      await channel.ack(held);
    },
  },
  multiple: {
    title: 'an ack of several covers exactly this delivery and the earlier ones of the channel',
    why: 'ack(multiple) was ignored; one that covers too much loses messages',
    requires: ['brokerAck'],
    async run(t) {
      const connection = await t.connect();
      const [channel, bystander] = [await connection.channel(), await connection.channel()];
      const [queue, other] = [await t.queue(channel), await t.queue(channel)];
      await channel.send(queue, ...numbered('m', 5));
      await channel.send(other, 'other', 'bystander');
      await bystander.consume(other, { prefetch: 1 });
      await bystander.receive(1);
      await channel.take(other);
      await channel.consume(queue);
      const held = await channel.receive(5);
      const third = held[2];
      assert.ok(third);
      await channel.ack(third, { multiple: true });
      const left = held.slice(3).map(textOf);
      await connection.close();
      const reader = await t.reader(queue);
      await reader.declareQueue(other);
      t.same(await reader.drain(queue, 2), left, 'the later deliveries');
      const [spared] = bystander.events.deliveries;
      assert.ok(spared);
      assert.deepEqual(await reader.drain(other, 1), [textOf(spared)], 'the delivery of another channel');
    },
  },
  'multiple-skips-settled': {
    title: 'an ack of several leaves alone what was settled before',
    why: 'a requeued message must not be removed by a later ack (R32)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b', 'c');
      const held = [await channel.take(queue), await channel.take(queue), await channel.take(queue)];
      const [first, , third] = held;
      assert.ok(first && third);
      await channel.requeue(first);
      await channel.ack(third, { multiple: true });
      assert.deepEqual(await channel.drain(queue, 1), [textOf(first)]);
    },
  },
  many: {
    title: 'a hundred acks at once all succeed, and leave nothing',
    why: 'acks are coalesced on the way; each of them still has an outcome',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, ...numbered('m', 100));
      await channel.consume(queue);
      const held = await channel.receive(100);
      const acks = Promise.all(held.map((each) => channel.raw.ack(each.deliveryTag)));
      assert.deepEqual(new Set(await t.wait(acks, 'a hundred acks')), new Set(['ok']));
      await channel.close();
      await (await t.channel()).empty(queue);
    },
  },
  twice: {
    title: 'acking twice has a typed outcome and harms nobody else',
    why: 'a late or doubled settle took the worker down (R15)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b');
      const bystander = await t.channel();
      const doubtful = await t.channel();
      const first = await doubtful.take(queue);
      const second = await bystander.take(queue);
      await doubtful.ack(first);
      await settlesTyped(t, doubtful.ackOutcome(first.deliveryTag), 'the second ack');
      await bystander.requeue(second);
      assert.deepEqual(await channel.drain(queue, 1), [textOf(second)], 'the other message');
    },
  },
  'unknown-tag': {
    title: 'settling a tag that was never given out has a typed outcome and costs no connection',
    why: 'channel errors stay on the channel (R13)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a');
      const held = await channel.take(queue);
      const foreign = typeof held.deliveryTag === 'number' ? held.deliveryTag + 1000 : 'no-such-tag';
      const doubtful = await t.channel();
      await settlesTyped(t, doubtful.ackOutcome(foreign), 'ack of an unknown tag');
      await channel.requeue(held);
      assert.deepEqual(await channel.drain(queue, 1), ['a']);
    },
  },
  'after-close': {
    title: 'settling after the channel closed has a typed outcome, and the message is back in the queue',
    why: 'a late ack of a dead channel must never reach another message (R15, R32)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b');
      const doomed = await t.channel();
      const [first, second] = [await doomed.take(queue), await doomed.take(queue)];
      await doomed.close();
      await settlesTyped(t, doomed.ackOutcome(first.deliveryTag), 'ack on a closed channel');
      await settlesTyped(t, doomed.rejectOutcome(second.deliveryTag, { requeue: true }), 'requeue on a closed channel');
      t.same(await channel.drain(queue, 2), ['a', 'b'], 'both came back, once');
    },
  },
  recover: {
    title: 'recover gives all unsettled deliveries of the channel back, flagged, and those only',
    why: 'Kombu and AMQP 0-9-1 have it; ours requeues',
    async run(t) {
      const [channel, other] = [await t.channel(), await t.channel()];
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b', 'c', 'd');
      const [first] = [await channel.take(queue), await channel.take(queue)];
      await channel.ack(first);
      const foreign = await other.take(queue);
      await channel.recover();
      const back = [await channel.take(queue), await channel.take(queue)];
      t.same(back.map(textOf), ['b', 'd'], 'what the channel held and what was still there');
      assert.equal(pick(back, 'b').redelivered, true);
      await channel.empty(queue);
      await other.ack(foreign);
    },
  },
});

function pick(deliveries: readonly Delivery[], body: string): Delivery {
  const found = deliveries.find((each) => textOf(each) === body);
  assert.ok(found, `a delivery of ${body}`);
  return found;
}

/** Everything is in the queue, and the first `flagged` messages are marked as redelivered. */
async function expectReturned(
  t: TransportTest,
  channel: TestChannel,
  queue: string,
  bodies: readonly string[],
  flagged: number,
): Promise<void> {
  const back: Delivery[] = [];
  for (let index = 0; index < bodies.length; index++) back.push(await channel.take(queue));
  t.same(back.map(textOf), bodies, 'every message is back, in its place');
  const marks = back.filter((each) => each.redelivered).length;
  assert.equal(marks, flagged, 'the messages that were delivered before are flagged as redelivered, no others');
}

/** Settles one way or the other, and an error has a code that says what happened. */
async function settlesTyped(t: TransportTest, settle: Promise<unknown>, what: string): Promise<void> {
  try {
    assert.match(String(await settle), /^(ok|lease-lost)$/, what);
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    assert.notEqual(t.codeOf(error), 'INTERNAL', `${what} rejected with an error nobody knows: ${String(error)}`);
  }
}

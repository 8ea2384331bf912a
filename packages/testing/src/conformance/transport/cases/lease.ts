import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { numbered, textOf } from '../messages.ts';
import type { TestChannel } from '../test-channel.ts';
import type { TestConnection } from '../test-connection.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** Messages held for longer than the lease: renewed while their holder lives, given to others when it does not. */
export const lease: readonly TransportCase[] = group('lease', {
  renewed: {
    title: 'a message whose handler takes five leases is delivered once',
    why: 'work longer than the visibility timeout ran twice (R2)',
    requires: ['lease', 'harness:shortLease'],
    async run(t) {
      const [holder, rival] = [await t.channel(), await t.channel()];
      const queue = await t.queue(holder);
      await holder.consume(queue, { prefetch: 1 });
      await holder.send(queue, 'x');
      const held = await holder.next();
      await rival.consume(queue);
      await t.advance(t.leaseMs * 5);
      await rival.quiet('the holder is alive');
      assert.equal(held.signal?.aborted ?? false, false, 'the signal must not fire while the lease is renewed');
      await holder.ack(held);
      await t.advance(t.leaseMs * 1.5);
      await rival.quiet('the message was acked');
    },
  },
  buffered: {
    title: 'messages that wait their turn in the prefetch are renewed too, by push and by get',
    why: 'prefetched but unstarted messages age as well (R2)',
    requires: ['lease', 'harness:shortLease'],
    async run(t) {
      const [holder, rival] = [await t.channel(), await t.channel()];
      const queue = await t.queue(holder);
      await holder.send(queue, ...numbered('m', 6));
      const pulled = await holder.take(queue);
      await holder.consume(queue, { prefetch: 5 });
      const held = [pulled, ...(await holder.receive(5))];
      await rival.consume(queue);
      await t.advance(t.leaseMs * 3);
      await rival.quiet('the holder is alive');
      for (const delivery of held) await holder.ack(delivery);
    },
  },
  crashed: {
    title: 'the messages of a process that died come back within two leases, flagged',
    why: 'at-least-once; abandoned messages came back late or never (R21)',
    requires: ['lease', 'harness:shortLease', 'brokerAck'],
    async run(t) {
      const { connection, holder, queue, rival } = await contested(t);
      const held = await holder.next();
      connection.stall();
      await rival.consume(queue);
      const again = await rival.next(t.comebackMs);
      assert.equal(textOf(again), textOf(held));
      assert.equal(again.redelivered, true);
      await rival.ack(again);
      connection.resume();
    },
  },
  'signal-fires': {
    title: 'the signal of a delivery fires when its lease is lost, and of that delivery only',
    why: 'a handler that works on must learn that another one has the message (R2, R30)',
    requires: ['lease', 'harness:shortLease', 'brokerAck'],
    async run(t) {
      const { connection, holder, queue, rival } = await contested(t);
      const held = await holder.next();
      assert.ok(held.signal, 'a delivery under a lease has a signal');
      assert.equal(held.signal.aborted, false);
      connection.stall();
      await rival.consume(queue);
      await rival.next(t.comebackMs);
      connection.resume();
      await t.until(() => held.signal?.aborted === true, 'the signal of the lost delivery', t.comebackMs);
      await holder.send(queue, 'y');
      const later = holder.events.deliveries.at(-1);
      if (later && later !== held)
        assert.equal(later.signal?.aborted ?? false, false, 'the signal of another delivery');
    },
  },
  'stale-ack': {
    title: 'an ack after the lease was lost says lease-lost and leaves the new holder its message',
    why: 'the first worker "completed" what the second one was doing (R30)',
    requires: ['lease', 'harness:shortLease', 'brokerAck'],
    run: (t) => settleLate(t, (holder, tag) => holder.ackOutcome(tag)),
  },
  'stale-requeue': {
    title: 'a requeue after the lease was lost says lease-lost and makes no second copy',
    why: 'a fix for ack that missed requeue (R15)',
    requires: ['lease', 'harness:shortLease', 'brokerAck'],
    run: (t) => settleLate(t, (holder, tag) => holder.rejectOutcome(tag, { requeue: true })),
  },
  'stale-reject': {
    title: 'a reject after the lease was lost says lease-lost and leaves the new holder its message',
    why: 'one path for ack, reject and requeue (R15)',
    requires: ['lease', 'harness:shortLease', 'brokerAck'],
    run: (t) => settleLate(t, (holder, tag) => holder.rejectOutcome(tag, { requeue: false })),
  },
});

interface Contest {
  readonly connection: TestConnection;
  readonly holder: TestChannel;
  readonly rival: TestChannel;
  readonly queue: string;
}

/** A consumer that will lose the message `x`, and a channel of another process that will get it. */
async function contested(t: TransportTest): Promise<Contest> {
  const connection = await t.connect();
  const holder = await connection.channel();
  const queue = await t.queue(holder);
  await holder.consume(queue, { prefetch: 1 });
  await holder.send(queue, 'x');
  const rival = await t.reader(queue);
  return { connection, holder, rival, queue };
}

/** Settles a delivery when somebody else has the message; then the new holder must still have it. */
async function settleLate(
  t: TransportTest,
  settle: (holder: TestChannel, tag: string | number) => Promise<string>,
): Promise<void> {
  const { connection, holder, rival, queue } = await contested(t);
  const held = await holder.next();
  connection.stall();
  const rivalTag = await rival.consume(queue, { prefetch: 1 });
  const again = await rival.next(t.comebackMs);
  connection.resume();
  assert.equal(await settle(holder, held.deliveryTag), 'lease-lost', 'the outcome of settling too late');
  await connection.close();
  await rival.cancel(rivalTag);
  await rival.empty(queue);
  await rival.requeue(again);
  assert.deepEqual(await rival.drain(queue, 1), ['x'], 'the new holder still had it, once');
}

import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import type { StoreCase, StoreTest } from '../store-test.ts';
import type { Taken, TestStore } from '../test-store.ts';

/** Between get and ack a message belongs to whoever holds its receipt, for as long as the lease. */
export const lease: readonly StoreCase[] = group('lease', {
  hides: {
    title: 'a message that was taken is out of sight, for this store and for others',
    why: 'two workers on one message (R2)',
    async run(t) {
      const [store, other] = [await t.store(), await t.store()];
      const queue = await t.queue(store);
      await other.declare(queue);
      await store.put(queue, 'x');
      await store.take(queue);
      await store.empty(queue);
      await other.empty(queue);
    },
  },
  'not-early': {
    title: 'it stays out of sight until the lease ends',
    why: 'a lease that ends early runs work twice (R2)',
    requires: ['lease', 'harness:shortLease', 'brokerAck'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'x');
      const taken = await store.take(queue);
      await t.advance(t.leaseMs * 0.6);
      await store.empty(queue);
      await store.ack(queue, taken);
    },
  },
  expires: {
    title: 'when the lease ends without ack or renew the message comes back, marked',
    why: 'abandoned messages came back late or never (R21)',
    requires: ['lease', 'harness:shortLease', 'brokerAck'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'a', 'b');
      const held = await store.takeMany(queue, 2);
      await t.advance(t.leaseMs);
      const back = [await takeBack(t, store, queue), await takeBack(t, store, queue)];
      assert.deepEqual(payloadsOf(back), payloadsOf(held));
      const marked = back.every((each) => each.redelivered === true || (each.deliveryCount ?? 0) > 0);
      assert.ok(marked, 'redelivered or deliveryCount says that they were delivered before');
    },
  },
  'stale-ack': {
    title: 'an ack with the receipt of a lost lease says lease-lost and harms nobody',
    why: 'a late worker completed what another one was doing (R30)',
    requires: ['lease', 'harness:shortLease', 'brokerAck'],
    run: (t) => settleLate(t, (store, queue, taken) => store.ackOutcomes(queue, taken)),
  },
  'stale-release': {
    title: 'a release with the receipt of a lost lease says lease-lost and harms nobody',
    why: 'one path for all ways to settle (R15)',
    requires: ['lease', 'harness:shortLease', 'brokerAck', 'store:release'],
    run: (t) => settleLate(t, (store, queue, taken) => store.release(queue, [taken])),
  },
  'stale-renew': {
    title: 'a renew with the receipt of a lost lease says lease-lost and harms nobody',
    why: 'the renewer learns from it that the handler must stop (R2)',
    requires: ['lease', 'harness:shortLease', 'brokerAck', 'store:renew'],
    run: (t) => settleLate(t, (store, queue, taken) => store.renew(queue, taken)),
  },
  'late-ack': {
    title: 'an ack after the lease ended and before anybody else took the message: ok and gone, or lease-lost and back',
    why: 'an outcome must be true (R15)',
    requires: ['lease', 'harness:shortLease', 'brokerAck'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'x');
      const taken = await store.take(queue);
      await t.advance(t.leaseMs * 1.5);
      const [outcome] = await store.ackOutcomes(queue, taken);
      if (outcome === 'ok') await store.empty(queue);
      else assert.deepEqual(await store.drain(queue, 1), ['x']);
    },
  },
  renew: {
    title: 'renew extends by a full lease from now, as often as it is called',
    why: 'handlers take longer than a lease (R2)',
    requires: ['lease', 'harness:shortLease', 'brokerAck', 'store:renew'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'a', 'b');
      const held = await store.takeMany(queue, 2);
      for (let round = 0; round < 4; round++) {
        await t.advance(t.leaseMs * 0.6);
        assert.deepEqual(await store.renew(queue, ...held), ['ok', 'ok'], `renewal ${round + 1}`);
        await store.empty(queue);
      }
      await store.ack(queue, ...held);
      await t.advance(t.leaseMs * 1.5);
      await store.empty(queue);
    },
  },
  'lease-time': {
    title: 'a store that can renew says how long its leases are',
    why: 'core renews in time by it',
    requires: ['store:renew'],
    async run(t) {
      const { raw } = await t.store();
      assert.equal(typeof raw.leaseMs, 'number', 'leaseMs');
      if (!Number.isNaN(t.leaseMs)) assert.equal(raw.leaseMs, t.leaseMs, 'the lease time of the harness');
    },
  },
  'store-closed': {
    title: 'messages leased by a store that closed come back, at once or when their lease ends',
    why: 'shutdown must not lose what was in flight (R11)',
    requires: ['brokerAck', 'harness:shortLease'],
    async run(t) {
      const [store, other] = [await t.store(), await t.store()];
      const queue = await t.queue(store);
      await other.declare(queue);
      await store.put(queue, 'a', 'b');
      await store.takeMany(queue, 2);
      await store.close();
      const back = [await takeBack(t, other, queue), await takeBack(t, other, queue)];
      assert.deepEqual(payloadsOf(back), ['a', 'b']);
    },
  },
});

/** The next message, which may take another lease to come back. */
function takeBack(t: StoreTest, store: TestStore, queue: string): Promise<Taken> {
  return store.take(queue, {}, t.comebackMs);
}

function payloadsOf(taken: readonly Taken[]): readonly string[] {
  return taken.map((each) => each.payload).toSorted();
}

/** Settles with a receipt whose message somebody else holds by now; then the new holder must still have it. */
async function settleLate(
  t: StoreTest,
  settle: (store: TestStore, queue: string, taken: Taken) => Promise<readonly string[]>,
): Promise<void> {
  const [store, other] = [await t.store(), await t.store()];
  const queue = await t.queue(store);
  await other.declare(queue);
  await store.put(queue, 'x');
  const stale = await store.take(queue);
  await t.advance(t.leaseMs);
  const current = await takeBack(t, other, queue);
  assert.deepEqual(await settle(store, queue, stale), ['lease-lost']);
  await other.empty(queue);
  await other.ack(queue, current);
  await t.advance(t.leaseMs * 1.5);
  await other.empty(queue);
}

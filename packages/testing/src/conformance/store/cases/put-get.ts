import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import type { StoreCase } from '../store-test.ts';
import { outgoing } from '../test-store.ts';

/** What is put comes out, once, in order. */
export const putGet: readonly StoreCase[] = group('put-get', {
  order: {
    title: 'messages come out in the order of their puts, and of their places in a batch',
    why: 'first in, first out, where the transport says so',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'a', 'b', 'c');
      await store.put(queue, 'd');
      await store.put(queue, 'e', 'f');
      t.same(await store.drain(queue, 6), ['a', 'b', 'c', 'd', 'e', 'f'], 'all messages');
    },
  },
  max: {
    title: 'get returns as many as it is asked for at most, and no message is left behind',
    why: 'more messages taken than workers can start (R31)',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const payloads = Array.from({ length: 25 }, (_, index) => `m${index}`);
      await store.put(queue, ...payloads);
      const taken = [];
      for (const max of [1, 4, 10]) taken.push(...(await store.get(queue, { max })));
      assert.ok(taken.length > 0, 'three gets of a queue with 25 messages gave none');
      taken.push(...(await store.takeMany(queue, payloads.length - taken.length, { max: 100 })));
      t.same(
        taken.map((each) => each.payload),
        payloads,
        'all messages',
      );
      await store.empty(queue);
    },
  },
  batches: {
    title: 'batches of any size get in whole',
    why: 'services take ten at a time: the store splits, core does not know',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      for (const size of [1, 2, 10, 11, 101]) {
        const payloads = Array.from({ length: size }, (_, index) => `${size}:${index}`);
        await store.put(queue, ...payloads);
        t.same(await store.drain(queue, size), payloads, `a batch of ${size}`);
      }
    },
  },
  payloads: {
    title: 'payloads are opaque: any text comes out as it went in',
    why: 'escaping, trimming and JSON in the wrong place corrupt messages',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      for (const payload of payloadTable) {
        await store.put(queue, payload);
        const [got] = await store.drain(queue, 1);
        assert.equal(got, payload, `a payload of ${payload.length} characters`);
      }
    },
  },
  unknown: {
    title: 'a queue that was never declared holds nothing',
    why: 'the SPI says so: get gives [], size 0, purge and delete do nothing',
    async run(t) {
      const store = await t.store();
      const queue = t.name('unknown');
      assert.deepEqual(await store.get(queue, { max: 10 }), []);
      assert.equal(await store.size(queue), 0);
      assert.equal(await store.purge(queue), 0);
      await store.deleteQueue(queue);
    },
  },
  'two-queues': {
    title: 'messages of different queues do not mix',
    why: 'names that are escaped carelessly meet',
    async run(t) {
      const store = await t.store();
      const [one, two] = [await t.queue(store), await t.queue(store)];
      await Promise.all([store.put(one, 'for one'), store.put(two, 'for two')]);
      assert.deepEqual(await store.drain(one, 1), ['for one']);
      assert.deepEqual(await store.drain(two, 1), ['for two']);
    },
  },
  'two-stores': {
    title: 'what one store puts another one gets',
    why: 'publishers and consumers are different processes',
    async run(t) {
      const [writer, reader] = [await t.store(), await t.store()];
      const queue = await t.queue(writer);
      await writer.put(queue, 'x');
      await reader.declare(queue);
      assert.deepEqual(await reader.drain(queue, 1), ['x']);
    },
  },
  fresh: {
    title: 'a message that nobody had before is not redelivered',
    why: 'handlers tell retries from first attempts by it',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'x');
      const taken = await store.take(queue);
      assert.equal(taken.redelivered ?? false, false);
      assert.equal(taken.deliveryCount ?? 0, 0);
    },
  },
  'no-ack': {
    title: 'what was taken with noAck never comes back',
    why: 'delivered means settled: a lease that ends must not bring it back',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, 'a', 'b', 'c');
      const taken = await store.takeMany(queue, 3, { noAck: true });
      // A store may keep what it delivered and give a receipt; core then acks at once.
      const kept = taken.filter((each) => each.receipt !== undefined);
      if (kept.length > 0) await store.ack(queue, ...kept);
      await store.close();
      await t.outlastLeases();
      await (await t.store()).empty(queue);
    },
  },
  concurrent: {
    title: 'puts and gets at the same time lose nothing and give nothing twice',
    why: 'all methods may be called at the same time',
    async run(t) {
      const [one, two] = [await t.store(), await t.store()];
      const queue = await t.queue(one);
      await two.declare(queue);
      const payloads = Array.from({ length: 60 }, (_, index) => `m${index}`);
      const puts = payloads.map((payload, index) => t.later((index % 2 ? one : two).put(queue, payload)));
      const halves = await Promise.all([one.takeMany(queue, 30), two.takeMany(queue, 30)]);
      await Promise.all(puts);
      assert.deepEqual(halves.flatMap((half) => half.map((each) => each.payload)).toSorted(), payloads.toSorted());
      await one.empty(queue);
    },
  },
  partial: {
    title: 'a batch with a message that is too large: it throws and nothing got in, or it names the one that failed',
    why: 'every publisher must learn the fate of its own message (R6)',
    requires: ['payloadLimit'],
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      const large = 'x'.repeat((t.capabilities.maxPayloadBytes ?? 0) + 1);
      const failures = await store.tryPut(queue, 'a', large, 'c').catch((error: unknown) => {
        if (error instanceof assert.AssertionError) throw error;
        return 'all' as const;
      });
      if (failures === 'all') return store.empty(queue);
      assert.deepEqual(
        failures.map((each) => each.index),
        [1],
      );
      t.same(await store.drain(queue, 2), ['a', 'c'], 'the rest of the batch');
    },
  },
  expiry: {
    title: 'a message is there until it expires',
    why: 'a store may drop it afterwards, not before; seconds taken for milliseconds lose everything',
    async run(t) {
      const store = await t.store();
      const queue = await t.queue(store);
      await store.put(queue, outgoing('x', { expiresAt: t.now + t.span(60_000) }));
      await t.advance(t.span(200));
      assert.deepEqual(await store.drain(queue, 1), ['x']);
    },
  },
});

const payloadTable: readonly string[] = [
  'x',
  ' leading and trailing ',
  '{"json": ["with", "quotes \\" and \\\\ backslashes"]}',
  'line\nbreaks\r\nand\ttabs',
  'control \u0000 \u0001 \u001f characters',
  'grüße 你好 🎈 \u{10FFFF} \uFEFF \u2028',
  '<xml attribute="value">&amp;</xml>',
  '%25 + = ? / \\',
  'x'.repeat(50_000),
];

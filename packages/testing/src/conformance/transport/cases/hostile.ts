import assert from 'node:assert/strict';
import type { Delivery } from '@kombu/core/spi';
import { group } from '../../case.ts';
import { textOf } from '../messages.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** What foreign producers put into a queue is delivered or marked as unreadable, and never harms the reader. */
export const hostile: readonly TransportCase[] = group('hostile', {
  'no-envelope': {
    title: 'a payload that is no envelope is delivered with its raw bytes, and can be settled',
    why: 'one undecodable message killed or looped every worker (R9)',
    requires: ['harness:putRaw'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      for (const payload of noEnvelopes) {
        await t.putRaw(queue, payload);
        const delivery = await channel.take(queue);
        assert.equal(textOf(delivery), payload, 'the raw bytes');
        await channel.ack(delivery);
      }
      await channel.empty(queue);
    },
  },
  'broken-envelope': {
    title: 'an envelope with broken parts is delivered, and marked with an error where it cannot be read',
    why: 'bytes from a broker are hostile',
    requires: ['harness:putRaw'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      for (const payload of fitting(t, brokenEnvelopes)) {
        await t.putRaw(queue, payload);
        const delivery = await channel.take(queue);
        assert.ok(Buffer.isBuffer(delivery.envelope.body), `the body of ${payload.slice(0, 60)}`);
        if (delivery.error) assert.equal(textOf(delivery), payload, 'the raw bytes of what could not be read');
        await channel.reject(delivery);
      }
      await channel.empty(queue);
    },
  },
  'loop-lives': {
    title: 'a consumer goes on after every unreadable message',
    why: 'one undecodable message killed or looped every worker (R9)',
    requires: ['harness:putRaw'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.consume(queue, { prefetch: 1 });
      for (const payload of fitting(t, [...noEnvelopes, ...brokenEnvelopes])) {
        await t.putRaw(queue, payload);
        await channel.reject(await channel.next());
        await channel.send(queue, 'good');
        const good = await channel.next();
        assert.deepEqual([textOf(good), good.error], ['good', undefined]);
        await channel.ack(good);
      }
      await channel.quiet('nothing comes twice');
    },
  },
  requeue: {
    title: 'an unreadable message can be given back, and comes back as it was, flagged',
    why: 'an operator must be able to look at it (R9)',
    requires: ['harness:putRaw'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await t.putRaw(queue, 'no envelope');
      await channel.requeue(await channel.take(queue));
      const again = await channel.take(queue);
      assert.deepEqual([textOf(again), again.redelivered], ['no envelope', true]);
    },
  },
  prototype: {
    title: 'no payload changes a prototype',
    why: 'drop __proto__ (R37)',
    requires: ['harness:putRaw'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      for (const payload of polluting) {
        await t.putRaw(queue, payload);
        expectUnpolluted(await channel.take(queue, { noAck: true }));
      }
    },
  },
});

const noEnvelopes: readonly string[] = [
  'plain text',
  '{"truncated": ',
  '<xml/>',
  '42',
  'null',
  '"a string"',
  '[1, 2]',
  '{}',
];

const good = { body: 'aGk=', headers: {}, 'content-type': 'text/plain', 'content-encoding': 'utf-8' };
const info = { exchange: '', routing_key: 'q' };

function envelope(parts: object, properties: object = {}): string {
  const all = { body_encoding: 'base64', delivery_tag: 't', delivery_info: info, ...properties };
  return JSON.stringify({ ...good, properties: all, ...parts });
}

const brokenEnvelopes: readonly string[] = [
  envelope({ body: '%%% no base64 %%%' }),
  envelope({ body: 42 }),
  envelope({ body: null }),
  envelope({ headers: null }),
  envelope({ headers: [1, 2] }),
  envelope({ headers: 'text' }),
  envelope({ properties: null }),
  envelope({ properties: 'text' }),
  envelope({ 'content-type': 7, 'content-encoding': {} }),
  envelope({}, { body_encoding: 'rot13' }),
  envelope({}, { delivery_info: null }),
  envelope({}, { priority: 'high', expiration: 'soon' }),
  envelope({}, { delivery_tag: { nested: true } }),
  `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  `{"headers": ${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}, "body": "aGk="}`,
];

/** Those that the broker has room for: nobody else can put a larger one there either. */
function fitting({ capabilities }: TransportTest, payloads: readonly string[]): readonly string[] {
  const { maxPayloadBytes = Infinity } = capabilities;
  return payloads.filter((payload) => Buffer.byteLength(payload) <= maxPayloadBytes);
}

const polluting: readonly string[] = [
  envelope({}).replace('"headers":{}', '"headers":{"__proto__":{"polluted":true}}'),
  envelope({}).replace('"properties":{', '"properties":{"__proto__":{"polluted":true},'),
  envelope({}).replace('{', '{"__proto__":{"polluted":true},'),
  envelope({}).replace('"headers":{}', '"headers":{"constructor":{"prototype":{"polluted":true}}}'),
];

function expectUnpolluted({ envelope: { headers, properties } }: Delivery): void {
  for (const [name, value] of Object.entries({ Object: {}, headers, properties })) {
    assert.equal((value as Record<string, unknown>)['polluted'], undefined, `the prototype of ${name} was changed`);
  }
}

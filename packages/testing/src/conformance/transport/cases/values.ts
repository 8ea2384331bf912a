import assert from 'node:assert/strict';
import type { Envelope, Headers, MessageProperties } from '@kombu/core/spi';
import { group } from '../../case.ts';
import { envelopeOf, withProperties } from '../messages.ts';
import type { TestChannel } from '../test-channel.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** What headers and properties hold arrives as it was; what cannot travel is refused, and never changed in silence. */
export const values: readonly TransportCase[] = group('values', {
  numbers: {
    title: 'numbers in headers arrive exactly, at all the sizes where an encoding changes',
    why: 'an encoder that picks too small a type changes a value without a word',
    async run(t) {
      const numbers = [...integers, 0.1, -0.5, 1.5e10 + 0.25, 1e15 + 0.5, Number.MAX_VALUE, Number.MIN_VALUE];
      const headers = Object.fromEntries(numbers.map((value) => [`n ${value}`, value]));
      const received = await roundTrip(t, envelopeOf('x', { headers }));
      for (const [name, value] of Object.entries(headers)) assert.equal(received.headers[name], value, name);
      await orRefused(t, {
        'not a number': Number.NaN,
        infinite: Number.POSITIVE_INFINITY,
        'negative infinite': Number.NEGATIVE_INFINITY,
        'beyond 64 bits': 1e21,
        'a BigInt': 2n ** 60n,
        'a large BigInt': 2n ** 80n,
      });
    },
  },
  nested: {
    title: 'bytes and dates inside lists and objects arrive as they were, or the publish is refused',
    why: 'conversions that look at the top level only make text of what lies deeper',
    run: (t) =>
      orRefused(t, {
        'a list': [bytes, date, null, true, 'text', 1, ['deeper', bytes], { date }],
        'an object': { bytes, deeper: { date, list: [bytes] }, nothing: null },
        'empty ones': { list: [], object: {}, text: '', bytes: Buffer.alloc(0) },
        'every byte': [Buffer.from(Array.from({ length: 256 }, (_, index) => index))],
        'bytes that are text': [Buffer.from('grüße')],
        'a date before 1970': [new Date(-86_400_000)],
        'a date far away': [new Date('9999-12-31T23:59:59Z')],
      }),
  },
  milliseconds: {
    title: 'a date with milliseconds arrives, at least to the second, or the publish is refused',
    why: 'the timestamps of AMQP 0-9-1 count seconds; a date must not turn into a number or a text',
    async run(t) {
      const sent = new Date(1_700_000_000_123);
      const received = await refusable(t, await t.channel(), envelopeOf('x', { headers: { sent } }));
      if (received === undefined) return;
      const { sent: date } = received.headers;
      assert.ok(date instanceof Date, `a date became ${typeof date}`);
      assert.ok(Math.abs(date.getTime() - sent.getTime()) < 1000, `${sent.toISOString()} became ${date.toISOString()}`);
    },
  },
  text: {
    title: 'names and texts in headers may hold any character and be long',
    why: 'names travel apart from values in most encodings, and have limits of their own',
    async run(t) {
      const texts = ['grüße 你好 🎈', 'quote"\'\\', 'new\nline\ttab\r', '$dollar', 'dot.dot', 'a b', '\u0001', 'null'];
      const headers = Object.fromEntries([...texts, 'x'.repeat(100)].map((text) => [text, text]));
      const received = await roundTrip(t, envelopeOf('x', { headers: { ...headers, long: 'ü'.repeat(5000) } }));
      for (const [name, value] of Object.entries(headers)) assert.equal(received.headers[name], value, name);
      assert.equal(received.headers['long'], 'ü'.repeat(5000), 'a long text');
    },
  },
  properties: {
    title: 'texts in properties may hold any character and 255 bytes, and a transient message stays one',
    why: 'ids are made by others: cutting or escaping one breaks the reply',
    async run(t) {
      const texts: MessageProperties = {
        deliveryMode: 1,
        correlationId: 'grüße 你好 🎈',
        replyTo: 'a.b/c:d e;f#*?"\'\\',
        messageId: 'm'.repeat(255),
        type: 'ü'.repeat(127),
        appId: '__proto__',
      };
      const received = await roundTrip(t, withProperties('x', texts));
      for (const [name, value] of Object.entries(texts)) {
        assert.equal(received.properties[name], value, `properties.${name}`);
      }
    },
  },
});

const powers = [7, 8, 15, 16, 31, 32, 48].map((bits) => 2 ** bits);
const edges = [0, 1, ...powers.flatMap((power) => [power - 1, power, power + 1]), Number.MAX_SAFE_INTEGER];
const integers = edges.flatMap((edge) => (edge === 0 ? [0] : [edge, -edge]));

const bytes = Buffer.from([0, 1, 0xc3, 0x28, 254, 255]);
const date = new Date(1_700_000_000_000);

async function roundTrip(t: TransportTest, envelope: Envelope): Promise<Envelope> {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.publish('', queue, envelope);
  return (await channel.take(queue, { noAck: true })).envelope;
}

/** Publishes one message for each of these headers: it arrives as it was, or is refused. */
async function orRefused(t: TransportTest, headers: Headers): Promise<void> {
  const channel = await t.channel();
  for (const [name, value] of Object.entries(headers)) {
    const received = await refusable(t, channel, envelopeOf('x', { headers: { [name]: value } }));
    if (received !== undefined) assert.deepEqual(received.headers[name], value, name);
  }
}

/** What arrives; undefined when the publish is refused, which has to cost nothing else. */
async function refusable(t: TransportTest, channel: TestChannel, envelope: Envelope): Promise<Envelope | undefined> {
  const queue = await t.queue(channel);
  try {
    await channel.publish('', queue, envelope);
  } catch (error) {
    assert.match(t.codeOf(error), /^(ENCODE_FAILED|INVALID_ARGUMENT|UNSUPPORTED)$/, String(error));
    return undefined;
  }
  return (await channel.take(queue, { noAck: true })).envelope;
}

import assert from 'node:assert/strict';
import type { Envelope, Headers } from '@kombu/core/spi';
import { group } from '../../case.ts';
import { envelopeOf, textOf, withProperties } from '../messages.ts';
import type { TransportCase, TransportTest } from '../transport-test.ts';

/** What goes in comes out: bodies, properties, headers, content type. */
export const messages: readonly TransportCase[] = group('messages', {
  get: {
    title: 'a published message can be fetched with get',
    why: 'the smallest round trip; when this fails, nothing else means anything',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'hello');
      const delivery = await channel.take(queue);
      assert.equal(textOf(delivery), 'hello');
      assert.equal(delivery.exchange, '', 'it came through the default exchange');
      assert.equal(delivery.routingKey, queue);
      assert.equal(delivery.redelivered, false, 'the first delivery is no redelivery');
      assert.equal(delivery.consumerTag, undefined, 'no consumer was involved');
      assert.equal(delivery.error, undefined);
      await channel.ack(delivery);
      await channel.empty(queue);
    },
  },
  consume: {
    title: 'a published message is delivered to a consumer',
    why: 'the smallest round trip by push',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const tag = await channel.consume(queue);
      await channel.send(queue, 'hello');
      const delivery = await channel.next();
      assert.equal(textOf(delivery), 'hello');
      assert.equal(delivery.consumerTag, tag);
      assert.equal(delivery.exchange, '');
      assert.equal(delivery.routingKey, queue);
      assert.equal(delivery.redelivered, false, 'the first delivery is no redelivery');
      await channel.ack(delivery);
      await channel.quiet('one message is delivered once');
    },
  },
  'delivery-tags': {
    title: 'deliveries of a channel have distinct tags, by get and by push',
    why: 'a tag that names two deliveries settles the wrong one',
    async run(t) {
      const channel = await t.channel();
      const [pulled, pushed] = [await t.queue(channel), await t.queue(channel)];
      await channel.send(pulled, 'a', 'b');
      await channel.send(pushed, 'c', 'd');
      await channel.consume(pushed);
      const deliveries = [await channel.take(pulled), await channel.take(pulled), ...(await channel.receive(2))];
      assert.equal(new Set(deliveries.map((each) => each.deliveryTag)).size, 4, 'tags of four deliveries');
    },
  },
  bodies: {
    title: 'bodies arrive byte for byte, whatever they hold',
    why: 'bodies are bytes: text conversions on the way corrupt compressed and binary payloads (R9)',
    run: (t) => roundTripBodies(t, bodies),
  },
  'large-body': {
    title: 'a body of 1 MB arrives, or what fits where the broker takes less',
    why: 'frame and buffer sizes are where large bodies get cut',
    run: (t) => roundTripBodies(t, { large: patternOf(largeSize(t.capabilities.maxPayloadBytes)) }),
  },
  'body-sizes': {
    title: 'bodies of all the sizes at which buffers and frames end arrive whole',
    why: 'off by one at the end of a frame cuts a body, or adds an empty one',
    run: (t) => {
      const fitting = sizes.filter((size) => size <= largeSize(t.capabilities.maxPayloadBytes));
      return roundTripBodies(t, Object.fromEntries(fitting.map((size) => [`${size} bytes`, patternOf(size)])));
    },
  },
  'too-large': {
    title: 'a body over the limit of the broker is refused with LIMIT_EXCEEDED or NACKED',
    why: 'a message over the size limit must not vanish (R6)',
    requires: ['payloadLimit'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const body = patternOf((t.capabilities.maxPayloadBytes ?? 0) + 1);
      await t.rejects(channel.publish('', queue, envelopeOf(body)), ['LIMIT_EXCEEDED', 'NACKED'], 'publish');
      await channel.send(queue, 'small');
      assert.deepEqual(await channel.drain(queue, 1), ['small'], 'the channel goes on');
    },
  },
  properties: {
    title: 'the basic properties survive',
    why: 'replies, deduplication and tracing depend on them',
    async run(t) {
      const properties = {
        deliveryMode: 2,
        correlationId: 'correlation-1',
        replyTo: 'replies',
        messageId: 'message-1',
        timestamp: 1_700_000_000,
        type: 'order.created',
        userId: t.target.userid ?? 'guest',
        appId: 'conformance',
      } as const;
      const received = await roundTrip(t, envelopeOf('x', { properties }));
      for (const [name, value] of Object.entries(properties)) {
        assert.equal(received.properties[name], value, `properties.${name}`);
      }
    },
  },
  headers: {
    title: 'headers keep their values and their types',
    why: 'a number that comes back as a string breaks comparisons and header exchanges',
    async run(t) {
      const received = await roundTrip(t, envelopeOf('x', { headers: plainHeaders }));
      for (const [name, value] of Object.entries(plainHeaders)) {
        assert.deepEqual(received.headers[name], value, `headers.${name}`);
      }
    },
  },
  'rich-headers': {
    title: 'bytes and dates in headers keep their types, or the publish is refused',
    why: 'never a silent change: Kombu sends both, as typed JSON or as AMQP table types',
    async run(t) {
      const rich = { bytes: Buffer.from([0, 1, 254, 255]), date: new Date(1_700_000_000_000) };
      for (const [name, value] of Object.entries(rich)) {
        const outcome = await roundTrip(t, envelopeOf('x', { headers: { [name]: value } })).catch((error: unknown) => ({
          code: t.codeOf(error),
        }));
        if ('code' in outcome) assert.match(outcome.code, /^(ENCODE_FAILED|INVALID_ARGUMENT|UNSUPPORTED)$/, name);
        else assert.deepEqual(outcome.headers[name], value, `headers.${name}`);
      }
    },
  },
  'hostile-headers': {
    title: 'a header named __proto__ changes no prototype and costs no other header',
    why: 'bytes from a broker are hostile (R37)',
    async run(t) {
      const headers = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "toString": "x"}') as Headers;
      const received = await roundTrip(t, envelopeOf('x', { headers }));
      assert.equal(({} as Headers)['polluted'], undefined, 'Object.prototype was changed');
      assert.equal(received.headers['polluted'], undefined, 'the prototype of the headers was changed');
      assert.equal(received.headers['constructor'], 1);
      assert.equal(received.headers['toString'], 'x');
    },
  },
  'content-type': {
    title: 'content type and encoding survive, and stay absent where they were',
    why: 'consumers choose the decoder by them: a made-up default decodes wrongly',
    async run(t) {
      const absent = { contentType: undefined, contentEncoding: undefined };
      for (const content of [{ contentType: 'application/x-test', contentEncoding: 'utf-16' }, absent]) {
        const { contentType, contentEncoding } = await roundTrip(t, envelopeOf('x', content));
        assert.deepEqual({ contentType, contentEncoding }, content);
      }
    },
  },
  'leaves-envelope': {
    title: 'publishing does not change the envelope',
    why: 'layers share envelopes: a retry must send what the first attempt sent',
    async run(t) {
      const envelope = withProperties('x', { correlationId: 'c' });
      envelope.headers['list'] = [1];
      await roundTrip(t, envelope);
      assert.deepEqual(envelope.headers, { list: [1] });
      assert.deepEqual(envelope.properties, { deliveryMode: 2, correlationId: 'c' });
      assert.equal(envelope.body.toString(), 'x');
    },
  },
  guarantee: {
    title: 'publish resolves to what it knows: confirmed, stored or sent',
    why: 'a promise that resolves must mean that the broker has the message (R6)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const strong = await channel.publish('', queue, 'strong');
      assert.ok(strong === 'confirmed' || !t.capabilities.publisherConfirms, `confirms are on, but it says ${strong}`);
      assert.match(await channel.publish('', queue, 'weak', { confirm: false }), /^(confirmed|stored|sent)$/);
      t.same(await channel.drain(queue, 2), ['strong', 'weak'], 'both arrived');
    },
  },
});

const bodies: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  'a zero byte': Buffer.from([0]),
  'every byte': Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
  'invalid UTF-8': Buffer.from([0xc3, 0x28, 0xff, 0xfe]),
  unicode: Buffer.from('grüße 你好 🎈 \u{10FFFF} \u0000'),
  'text that looks like base64': Buffer.from('aGVsbG8='),
  JSON: Buffer.from('{"__type__": "bytes", "__value__": "x"}'),
  'line ends and quotes': Buffer.from('a\r\n"b"\\\n\'c\''),
};

const plainHeaders: Headers = {
  text: 'grüße 🎈',
  empty: '',
  zero: 0,
  small: 42,
  negative: -5,
  byte: 200,
  short: 40_000,
  large: 2 ** 40,
  float: 0.1,
  yes: true,
  no: false,
  nothing: null,
  list: [1, 'two', null, [true]],
  nested: { deep: { deeper: ['x', { y: 1 }] } },
  'with space.and-dots': 'odd name',
};

/** Around pages, and around frames of 4096 bytes and of RabbitMQ's 131 072 bytes, 8 of which are not the body's. */
const sizes: readonly number[] = [
  1, 4087, 4088, 4089, 4096, 8176, 65_535, 65_536, 100_000, 131_063, 131_064, 131_065, 131_072, 262_128,
];

const MEGABYTE = 1_000_000;

function largeSize(limit: number = Number.POSITIVE_INFINITY): number {
  // An envelope in JSON holds the body as base64, which takes a third more.
  return Math.min(MEGABYTE, Math.floor(limit / 2));
}

function patternOf(size: number): Buffer {
  return Buffer.alloc(size, Buffer.from('0123456789abcdef\u0000ÿ'));
}

async function roundTrip(t: TransportTest, envelope: Envelope): Promise<Envelope> {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.publish('', queue, envelope);
  return (await channel.take(queue, { noAck: true })).envelope;
}

async function roundTripBodies(t: TransportTest, table: Readonly<Record<string, Buffer>>): Promise<void> {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  for (const [name, body] of Object.entries(table)) {
    await channel.publish('', queue, envelopeOf(body));
    const { envelope } = await channel.take(queue, { noAck: true });
    assert.ok(Buffer.isBuffer(envelope.body), `${name}: the body is no Buffer`);
    const same = envelope.body.equals(body);
    assert.ok(same, `${name}: ${body.length} bytes went in, ${envelope.body.length} came out, and they differ`);
  }
}

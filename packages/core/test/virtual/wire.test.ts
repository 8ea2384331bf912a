import * as fc from 'fast-check';
import type { Envelope } from '../../src/spi/envelope.ts';
import { markRedelivered } from '../../src/virtual/wire-mark.ts';
import { readEnvelope } from '../../src/virtual/wire-reader.ts';
import { EnvelopeWriter, sealCopy } from '../../src/virtual/wire-writer.ts';

const plain: Envelope = {
  body: Buffer.from('{"hello": "w\\u00f6rld"}'),
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  headers: {},
  properties: {},
};

const write = (envelope: Partial<Envelope>, exchange = '', routingKey = 'q', expiresAt?: number): string =>
  sealCopy(new EnvelopeWriter().head({ ...plain, ...envelope }, exchange, routingKey), expiresAt);

type Json = Record<string, unknown>;
const parsed = (text: string): Json & { properties: Json } => JSON.parse(text) as Json & { properties: Json };

/** What Python Kombu wrote in a live run, with the parts of it that a test changes. */
const python = (change: Json = {}, properties: Json = {}): string =>
  JSON.stringify({
    body: 'eyJoZWxsbyI6ICJ3XHUwMGY2cmxkIn0=',
    'content-encoding': 'utf-8',
    'content-type': 'application/json',
    headers: { h: 1 },
    properties: {
      correlation_id: 'cid',
      reply_to: 'rt',
      delivery_mode: 2,
      expiration: '2500',
      delivery_info: { exchange: 'stock', routing_key: 'stock.us.x' },
      priority: 4,
      body_encoding: 'base64',
      delivery_tag: '677ff0d5-dc4f-4642-b900-0a67c6ab2873',
      ...properties,
    },
    ...change,
  });

describe('writing an envelope', () => {
  it("has all that Kombu's readers need", () => {
    const text = write(
      { headers: { h: 1 }, properties: { deliveryMode: 2, correlationId: 'c', expiration: 2500 } },
      'e',
      'k',
    );
    expect(parsed(text)).toEqual({
      body: plain.body.toString('base64'),
      'content-encoding': 'utf-8',
      'content-type': 'application/json',
      headers: { h: 1 },
      properties: {
        delivery_mode: 2,
        correlation_id: 'c',
        expiration: '2500',
        delivery_info: { exchange: 'e', routing_key: 'k' },
        priority: 0,
        body_encoding: 'base64',
        delivery_tag: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/),
      },
    });
  });

  it('gives each copy a tag of its own, and all copies the same head', () => {
    const head = new EnvelopeWriter().head(plain, '', 'q');
    const [one, two] = [sealCopy(head, undefined), sealCopy(head, 5)];
    expect(one.startsWith(head) && two.startsWith(head)).toBe(true);
    expect(parsed(one).properties['delivery_tag']).not.toBe(parsed(two).properties['delivery_tag']);
    expect(parsed(two).properties['x-expires-at']).toBe(5);
  });

  it('writes headers and properties that JSON has no form for as typed markers', () => {
    const text = write({ headers: { at: new Date(0) }, properties: { custom: Buffer.from('x') } });
    expect(parsed(text)['headers']).toEqual({ at: { __type__: 'datetime', __value__: '1970-01-01T00:00:00+00:00' } });
    expect(parsed(text).properties['custom']).toEqual({ __type__: 'bytes', __value__: 'x' });
  });

  it('does not let a property stand in for a fact of the envelope', () => {
    const fake = { delivery_tag: 'x', body_encoding: 'rot13', delivery_info: 1, 'x-expires-at': 1 };
    const { properties } = parsed(write({ properties: { ...fake, other: 1 } }));
    expect(properties).toMatchObject({ body_encoding: 'base64', delivery_info: { routing_key: 'q' }, other: 1 });
    expect(properties['x-expires-at']).toBeUndefined();
  });
});

describe('reading an envelope', () => {
  it('understands what Python wrote', () => {
    expect(readEnvelope(python())).toEqual({
      envelope: {
        body: Buffer.from('{"hello": "w\\u00f6rld"}'),
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        headers: { h: 1 },
        properties: { correlationId: 'cid', replyTo: 'rt', deliveryMode: 2, expiration: 2500, priority: 4 },
      },
      exchange: 'stock',
      routingKey: 'stock.us.x',
      redelivered: false,
      deliveryCount: undefined,
      expiresAt: undefined,
      error: undefined,
    });
  });

  it('reads back what was written, whatever it was', () => {
    const text = fc.string({ unit: 'binary' });
    const name = fc.string().filter((key) => key !== '__proto__');
    const headers = fc.dictionary(
      name,
      fc.oneof(
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      ),
    );
    const properties = fc.record(
      {
        deliveryMode: fc.constantFrom(1, 2),
        priority: fc.integer({ min: 0, max: 9 }),
        correlationId: text,
        replyTo: text,
        expiration: fc.nat(),
        type: text,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.uint8Array(),
        text,
        text,
        headers,
        properties,
        (bytes, exchange, routingKey, sentHeaders, sent) => {
          const envelope = {
            body: Buffer.from(bytes),
            contentType: 'text/plain',
            contentEncoding: undefined,
            headers: sentHeaders,
            properties: sent,
          } as Envelope;
          const read = readEnvelope(write(envelope, exchange, routingKey, 42));
          expect(read.error).toBeUndefined();
          expect(read.envelope.body).toEqual(envelope.body);
          expect(JSON.stringify(read.envelope.headers)).toBe(JSON.stringify(sentHeaders));
          expect(read.envelope.properties).toEqual({ priority: 0, ...sent });
          expect([read.exchange, read.routingKey, read.expiresAt]).toEqual([exchange, routingKey, 42]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    ['text without an encoding', { body: 'täxt' }, { body_encoding: undefined }, 'täxt'],
    ['text with the encoding null', { body: 'täxt' }, { body_encoding: null }, 'täxt'],
    ['text as utf-8', { body: 'täxt' }, { body_encoding: 'utf-8' }, 'täxt'],
    ['bytes as a marker', { body: { __type__: 'bytes', __value__: 'txt' } }, { body_encoding: null }, 'txt'],
    [
      'bytes as a base64 marker',
      { body: { __type__: 'base64', __value__: 'dHh0' } },
      { body_encoding: 'utf-8' },
      'txt',
    ],
    ['an empty body', { body: '' }, {}, ''],
    ['no body', { body: undefined }, {}, ''],
    ['the body null', { body: null }, {}, ''],
  ])('takes %s', (_what, change, properties, body) => {
    const read = readEnvelope(python(change, properties));
    expect([read.error, read.envelope.body.toString()]).toEqual([undefined, body]);
  });

  it('reads long bodies, in whatever way they are written', () => {
    const bytes = Buffer.alloc(5000, 'ab"\\');
    const base64 = bytes.toString('base64');
    const pretty = python({ body: base64 }).replace('{"body":"', '{"body": "');
    const escaped = python({ body: base64 }).replace('Y', '\\u0059');
    const late = `{"headers":{},${python({ body: base64 }).slice(1)}`;
    for (const text of [write({ body: bytes }), python({ body: base64 }), pretty, escaped, late]) {
      expect(readEnvelope(text)).toMatchObject({ error: undefined, envelope: { body: bytes } });
    }
    const plainText = python({ body: bytes.toString() }, { body_encoding: 'utf-8' });
    expect(readEnvelope(plainText).envelope.body).toEqual(bytes);
    const twice = `${python({ body: base64 }).slice(0, -1)},"body":"eA=="}`;
    expect(readEnvelope(twice).envelope.body.toString()).toBe('x');
    for (const text of [`{"body":"${base64}`, `{"body":"${base64}"}`, `{"body":"${base64}",`]) {
      expect(readEnvelope(text).error).toMatchObject({ code: 'DECODE_FAILED' });
    }
  });

  it.each([
    ['top level', { redelivered: true }, {}],
    ['headers', { headers: { redelivered: true } }, {}],
    ['delivery_info', {}, { delivery_info: { redelivered: true } }],
  ])('sees that a message was redelivered in %s', (_where, change, properties) => {
    expect(readEnvelope(python(change, properties)).redelivered).toBe(true);
    expect(readEnvelope(python()).redelivered).toBe(false);
  });

  it('behaviour 30: clamps priorities as Kombu does', () => {
    const read = [12, -3, 4.7, 'high', null, undefined, true].map(
      (priority) => readEnvelope(python({}, { priority })).envelope.properties.priority,
    );
    expect(read).toEqual([9, 0, 4, 0, undefined, undefined, 0]);
  });

  it('keeps properties that it does not know, and drops nonsense in those that it does', () => {
    const { properties } = readEnvelope(
      python({}, { custom: [1], expiration: 'soon', 'x-expires-at': 'later' }),
    ).envelope;
    expect(properties).toMatchObject({ custom: [1] });
    expect(properties.expiration).toBeUndefined();
  });

  it('takes numbers that Python writes and JSON does not know, and integers beyond 2^53', () => {
    const text = python().replace('{"h":1}', '{"nan":NaN,"big":12345678901234567890}');
    expect(readEnvelope(text).envelope.headers).toEqual({ nan: Number.NaN, big: 12_345_678_901_234_567_890n });
  });

  it.each([
    ['no JSON', 'hello'],
    ['nothing', ''],
    ['a number', '5'],
    ['an array', '[1]'],
    ['null', 'null'],
    ['an object without properties', '{"body":"x"}'],
    ['properties that are no object', '{"properties":[1]}'],
    ['an unknown marker', python({ headers: { x: { __type__: 'pickle', __value__: 'x' } } })],
    ['an unknown body encoding', python({}, { body_encoding: 'rot13' })],
    ['a body that is no base64', python({ body: 'n o t base64 !' })],
    ['a body that is no text', python({ body: 5 })],
    ['brackets without end', '['.repeat(1_000_000)],
    [
      'headers that nest without end',
      python({ headers: 0 }).replace('"headers":0', `"headers":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`),
    ],
  ])('makes %s a message with an error and its raw bytes', (_what, payload) => {
    const read = readEnvelope(payload);
    expect(read.error).toMatchObject({ code: 'DECODE_FAILED' });
    expect(read.envelope.body.toString()).toBe(payload);
    expect(read.envelope).toMatchObject({ headers: {}, properties: {} });
  });

  it('never throws, whatever bytes come, and changes no prototype', () => {
    const mutilated = fc
      .tuple(fc.nat(python().length), fc.string())
      .map(([at, text]) => python().slice(0, at) + text + python().slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), mutilated), (payload) => {
        const read = readEnvelope(payload);
        expect(Buffer.isBuffer(read.envelope.body)).toBe(true);
      }),
      { numRuns: 500 },
    );
    for (const key of ['__proto__', '\\u005f_proto__']) {
      const text = python({ headers: 0 }, { x: 1 })
        .replace('"headers":0', `"headers":{"${key}":{"polluted":1}}`)
        .replace('"x":1', `"${key}":{"polluted":1}`);
      const { headers, properties } = readEnvelope(text).envelope;
      expect([({} as Json)['polluted'], headers['polluted'], properties['polluted']]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect(Object.getPrototypeOf(properties)).toBe(Object.prototype);
    }
  });
});

describe('marking a message that goes back', () => {
  it('marks it where Kombu and Celery look, counts, and leaves the rest as it was', () => {
    const marked = readEnvelope(markRedelivered(python(), 3));
    const before = readEnvelope(python());
    expect(marked).toMatchObject({
      redelivered: true,
      deliveryCount: 3,
      exchange: before.exchange,
      routingKey: before.routingKey,
    });
    expect(marked.envelope).toEqual({ ...before.envelope, headers: { h: 1, 'x-delivery-count': 3 } });
    const wire = parsed(markRedelivered(python(), 3));
    expect([wire['redelivered'], (wire.properties['delivery_info'] as Json)['redelivered']]).toEqual([true, true]);
    expect(wire.properties['delivery_tag']).toBe('677ff0d5-dc4f-4642-b900-0a67c6ab2873');
  });

  it('keeps markers and large integers', () => {
    const when = { __type__: 'datetime', __value__: '2024-01-02T03:04:05+00:00' };
    const text = python({ headers: { when } }).replace('"h":1', '"h":12345678901234567890');
    expect(parsed(markRedelivered(text, 1))['headers']).toEqual({ when, 'x-delivery-count': 1 });
    expect(markRedelivered(python().replace('"h":1', '"h":12345678901234567890'), 1)).toContain(
      '"h":12345678901234567890',
    );
  });

  it('leaves alone what is no envelope', () => {
    for (const text of ['garbage', '[]', '{}', '{"properties":1}']) expect(markRedelivered(text, 1)).toBe(text);
  });
});

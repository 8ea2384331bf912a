import type { Envelope, KombuError, MessageProperties, Route } from '@kombu/core/spi';
import { EncodeError, InvalidArgumentError, LimitExceededError } from '@kombu/core/spi';
import * as fc from 'fast-check';
import { FrameReader } from '../../src/wire/frame-reader.ts';
import type { Frame } from '../../src/wire/frame-reader.ts';
import { readEnvelope } from '../../src/wire/properties-reader.ts';
import { PublishWriter } from '../../src/wire/publish-writer.ts';
import { TextCache } from '../../src/wire/text-cache.ts';
import { WriteBuffer } from '../../src/wire/write-buffer.ts';

const frameMax = 4096;

const envelopeOf = (parts: Partial<Envelope> = {}): Envelope => ({
  body: Buffer.from('{}'),
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  headers: {},
  properties: { deliveryMode: 2 },
  ...parts,
});

const route: Route = { exchange: 'media', routingKey: 'video', mandatory: true, confirm: true };

function written(envelope: Envelope, to: Route = route): Buffer {
  const out = new WriteBuffer();
  new PublishWriter(7, frameMax).write(out, envelope, to);
  return out.take();
}

function framesOf(bytes: Buffer): Frame[] {
  const reader = new FrameReader(frameMax);
  reader.push(bytes);
  const frames: Frame[] = [];
  for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame);
  return frames;
}

/** What a reader on the other side gets. */
function received(bytes: Buffer): Envelope {
  const [, header, ...bodies] = framesOf(bytes);
  const body = Buffer.concat(bodies.map(({ payload }) => payload));
  if (!header) throw new Error('no header');
  expect(Number(header.payload.readBigUInt64BE(4))).toBe(body.length);
  return readEnvelope(header.payload, body, new TextCache());
}

/** By the name of the header that is to blame. */
const refusals = new Map<string, typeof KombuError>([
  ['when', EncodeError],
  ['long', LimitExceededError],
]);

describe('a published message', () => {
  it('is golden on the wire', () => {
    const method = '01 0007 00000013 003c 0028 0000 056d65646961 05766964656f 01 ce';
    const properties = 'f000 106170706c69636174696f6e2f6a736f6e 057574662d38 00000000 02';
    const header = `02 0007 0000002a 003c 0000 0000000000000002 ${properties} ce`;
    const body = '03 0007 00000002 7b7d ce';
    const expected = `${method}${header}${body}`.replaceAll(' ', '');
    expect(written(envelopeOf()).toString('hex')).toBe(expected);
  });

  it('keeps everything', () => {
    const properties: MessageProperties = {
      deliveryMode: 1,
      priority: 0,
      correlationId: 'c',
      replyTo: 'r',
      expiration: 0,
      messageId: 'm'.repeat(255),
      timestamp: 2 ** 40,
      type: 't',
      userId: 'guest',
      appId: 'grüße',
      clusterId: '',
    };
    const envelope = envelopeOf({ properties, headers: { list: [1, null], nested: { deep: 0.5 } } });
    expect(received(written(envelope))).toEqual(envelope);
  });

  it('says nothing of what it has not', () => {
    const bare = envelopeOf({ contentType: undefined, contentEncoding: undefined, properties: {} });
    expect(received(written(bare))).toEqual(bare);
  });

  it('comes back as it was, whatever it is', () => {
    const short = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((text) => Buffer.byteLength(text) <= 255);
    const properties = fc.record(
      {
        deliveryMode: fc.constantFrom(1 as const, 2 as const),
        priority: fc.integer({ min: 0, max: 255 }),
        expiration: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        timestamp: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        correlationId: short,
        messageId: short,
        replyTo: short,
        type: short,
      },
      { requiredKeys: [] },
    );
    const body = fc.uint8Array({ maxLength: 10_000 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(properties, body, short, (some, bytes, contentType) => {
        const envelope = envelopeOf({ properties: { ...some }, body: bytes, contentType });
        expect(received(written(envelope))).toEqual(envelope);
      }),
    );
  });

  it('is cut into frames of the agreed size', () => {
    const body = Buffer.alloc(3 * (frameMax - 8) + 1, 'x');
    const bytes = written(envelopeOf({ body }));
    expect(framesOf(bytes).map((frame) => frame.bytes.length)).toEqual([
      expect.any(Number),
      expect.any(Number),
      frameMax,
      frameMax,
      frameMax,
      9,
    ]);
    expect(received(bytes).body.equals(body)).toBe(true);
  });

  it('without a body has no body frame', () => {
    expect(framesOf(written(envelopeOf({ body: Buffer.alloc(0) })))).toHaveLength(2);
  });

  it('goes to its own route, also when the one before went elsewhere', () => {
    const out = new WriteBuffer();
    const writer = new PublishWriter(1, frameMax);
    const routes = [route, route, { ...route, routingKey: 'audio' }, { ...route, mandatory: false }, route];
    for (const each of routes) writer.write(out, envelopeOf(), each);
    const methods = framesOf(out.take()).filter((frame) => frame.type === 1);
    const expected = routes.map((each) => framesOf(written(envelopeOf(), each))[0]?.payload.toString('hex'));
    expect(methods.map((frame) => frame.payload.toString('hex'))).toEqual(expected);
  });

  it.each<[string, Partial<Envelope>, Partial<Route>]>([
    ['a priority that is none', { properties: { priority: 256 } }, {}],
    ['a broken expiration', { properties: { expiration: 1.5 } }, {}],
    ['a negative timestamp', { properties: { timestamp: -1 } }, {}],
    ['a messageId of more than 255 bytes', { properties: { messageId: 'ü'.repeat(128) } }, {}],
    ['a routing key of more than 255 bytes', {}, { routingKey: 'k'.repeat(256) }],
    ['an exchange of more than 255 bytes', {}, { exchange: 'x'.repeat(256) }],
    ['half of a surrogate pair in the routing key', {}, { routingKey: 'k\ud800' }],
    ['half of a surrogate pair in the messageId', { properties: { messageId: '\udc00' } }, {}],
    ['a header that AMQP does not know', { headers: { when: new Map() } }, {}],
    ['headers that no frame can hold', { headers: { long: 'x'.repeat(frameMax) } }, {}],
  ])('with %s is refused and leaves nothing behind', (_, parts, to) => {
    const out = new WriteBuffer();
    const writer = new PublishWriter(7, frameMax);
    writer.write(out, envelopeOf(), route);
    const before = out.size;
    const attempt = (): void => writer.write(out, envelopeOf(parts), { ...route, ...to });
    expect(attempt).toThrow(refusals.get(Object.keys(parts.headers ?? {}).join()) ?? InvalidArgumentError);
    expect(out.size).toBe(before);
    writer.write(out, envelopeOf(), route);
    const twice = Buffer.concat([written(envelopeOf()), written(envelopeOf())]);
    expect(out.take().equals(twice)).toBe(true);
  });

  it('whose headers just fit is one frame as large as agreed', () => {
    const bare = framesOf(written(envelopeOf({ headers: { h: '' } })))[1]?.bytes.length ?? 0;
    const full = envelopeOf({ headers: { h: 'x'.repeat(frameMax - bare) } });
    expect(framesOf(written(full))[1]?.bytes.length).toBe(frameMax);
    expect(received(written(full))).toEqual(full);
  });

  it('that is large does not keep its room in the buffer', () => {
    const out = new WriteBuffer();
    new PublishWriter(7, frameMax).write(out, envelopeOf({ body: Buffer.alloc(3_000_000) }), route);
    const taken = Buffer.from(out.take());
    expect(out.bytes.length).toBeLessThan(100_000);
    new PublishWriter(7, frameMax).write(out, envelopeOf(), route);
    expect(out.take().equals(written(envelopeOf()))).toBe(true);
    expect(received(taken).body).toHaveLength(3_000_000);
  });

  it('does not touch what was taken away before', () => {
    const out = new WriteBuffer();
    const writer = new PublishWriter(7, frameMax);
    const large = envelopeOf({ body: Buffer.alloc(50_000, 'y') });
    const taken: Buffer[] = [];
    for (let round = 0; round < 10; round++) {
      writer.write(out, large, route);
      writer.write(out, envelopeOf(), route);
      taken.push(out.take());
    }
    const expected = Buffer.concat([written(large), written(envelopeOf())]);
    for (const bytes of taken) expect(bytes.equals(expected)).toBe(true);
  });
});

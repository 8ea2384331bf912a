import * as fc from 'fast-check';
import type { MessageProperties } from '../../src/spi/envelope.ts';
import { EnvelopeReader } from '../../src/virtual/envelope-reader.ts';
import { readEnvelope } from '../../src/virtual/wire-reader.ts';
import { EnvelopeWriter, sealCopy } from '../../src/virtual/wire-writer.ts';

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('', '"', '\\', '","', 'message_id'));

const payloads = fc
  .record({
    body: fc.uint8Array({ maxLength: 20 }),
    contentType: fc.option(text, { nil: undefined }),
    headers: fc.oneof(fc.constant({}), fc.dictionary(text, text, { maxKeys: 2 })),
    messageId: fc.option(fc.oneof(fc.uuid(), text), { nil: undefined }),
    correlationId: fc.option(text, { nil: undefined }),
    priority: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
    exchange: text,
    routingKey: text,
    expiresAt: fc.option(fc.nat(), { nil: undefined }),
  })
  .map(({ body, contentType, headers, messageId, correlationId, priority, exchange, routingKey, expiresAt }) => {
    const properties = { deliveryMode: 2 as const, messageId, correlationId, priority };
    const envelope = { body: Buffer.from(body), contentType, contentEncoding: 'utf-8', headers, properties };
    const known = { ...envelope, properties: JSON.parse(JSON.stringify(properties)) };
    return sealCopy(new EnvelopeWriter().head(known, exchange, routingKey), expiresAt);
  });

/** Texts near one that was written: a few characters changed, cut out or doubled. */
const damaged = fc
  .tuple(
    payloads,
    fc.array(fc.tuple(fc.nat(), fc.nat(8), fc.oneof(fc.string({ maxLength: 3 }), fc.constant('","a":"')))),
  )
  .map(([payload, cuts]) =>
    cuts.reduce((whole, [at, length, put]) => {
      const from = at % (whole.length + 1);
      return whole.slice(0, from) + put + whole.slice(from + length);
    }, payload),
  );

function written(exchange: string, properties: MessageProperties): string {
  const plain = { contentType: undefined, contentEncoding: undefined, headers: {} };
  const head = new EnvelopeWriter().head({ ...plain, body: Buffer.from(exchange), properties }, exchange, '');
  return sealCopy(head, undefined);
}

function comparable(payload: string, read: (payload: string) => ReturnType<typeof readEnvelope>): unknown {
  const { error, ...message } = read(payload);
  return { ...message, failed: error !== undefined };
}

describe('the envelope reader', () => {
  it('answers what parsing answers, whatever it read before', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(payloads, damaged), { minLength: 2, maxLength: 8 }), (all) => {
        const reader = new EnvelopeReader();
        for (const payload of [...all, ...all]) {
          expect(comparable(payload, (each) => reader.read(each))).toEqual(comparable(payload, readEnvelope));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('answers what parsing answers for damaged texts behind the sound one', () => {
    fc.assert(
      fc.property(
        payloads,
        fc.nat(),
        fc.constantFrom('"', '\\', '{', ',', 'x', '","message_id":"'),
        (payload, at, put) => {
          const reader = new EnvelopeReader();
          reader.read(payload);
          const from = at % payload.length;
          for (const near of [
            payload.slice(0, from) + put + payload.slice(from),
            payload.slice(0, from) + put + payload.slice(from + put.length),
          ]) {
            expect(comparable(near, (each) => reader.read(each))).toEqual(comparable(near, readEnvelope));
            reader.read(payload);
          }
        },
      ),
      { numRuns: 600 },
    );
  });

  it('shares nothing that a handler could change', () => {
    const reader = new EnvelopeReader();
    const first = reader.read(written('q', { messageId: 'a', deliveryMode: 2 })).envelope;
    const second = reader.read(written('q', { messageId: 'a', deliveryMode: 2 })).envelope;
    first.headers['changed'] = true;
    first.properties.messageId = 'changed';
    second.headers['changed'] = true;
    second.properties.type = 'changed';
    expect(reader.read(written('q', { messageId: 'a', deliveryMode: 2 })).envelope).toMatchObject({
      headers: {},
      properties: { messageId: 'a' },
    });
    expect(reader.read(written('q', { messageId: 'a', deliveryMode: 2 })).envelope.properties.type).toBeUndefined();
  });

  it('reads the messages of several producers in turn', () => {
    const reader = new EnvelopeReader();
    for (const exchange of ['a', 'b', 'a', 'a', 'b', 'b']) {
      const message = reader.read(written(exchange, { messageId: exchange }));
      expect([message.exchange, message.envelope.body.toString()]).toEqual([exchange, exchange]);
    }
  });
});

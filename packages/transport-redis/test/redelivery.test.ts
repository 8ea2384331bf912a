import * as fc from 'fast-check';
import { markRedelivered, readMark } from '../src/redelivery.ts';

const envelope = {
  body: 'eyJhIjogMX0=',
  'content-type': 'application/json',
  headers: { id: 7, nested: { headers: { redelivered: false } } },
  properties: { priority: 3, delivery_info: { exchange: 'shop', routing_key: 'a.b' }, delivery_tag: 'tag' },
};

describe('markRedelivered', () => {
  it('marks headers and delivery info, counts, and changes nothing else', () => {
    const marked: unknown = JSON.parse(markRedelivered(JSON.stringify(envelope)));
    expect(marked).toEqual({
      ...envelope,
      headers: { ...envelope.headers, redelivered: true, 'x-delivery-count': 1 },
      properties: {
        ...envelope.properties,
        delivery_info: { ...envelope.properties.delivery_info, redelivered: true },
      },
    });
  });

  it('counts on and does not mark twice', () => {
    const twice = markRedelivered(markRedelivered(JSON.stringify(envelope)));
    const { headers } = JSON.parse(twice) as { headers: object };
    expect(headers).toEqual({ ...envelope.headers, redelivered: true, 'x-delivery-count': 2 });
    expect(twice.match(/"redelivered": true/g)).toHaveLength(2);
  });

  it('keeps numbers that JavaScript cannot hold, and what is no JSON but Python', () => {
    const payload =
      '{"headers": {"big": 12345678901234567890, "n": NaN, "f": 1.0}, "properties": {"delivery_info": {}, "x": Infinity}}';
    expect(markRedelivered(payload)).toBe(
      '{"headers": {"redelivered": true, "x-delivery-count": 1, "big": 12345678901234567890, "n": NaN, "f": 1.0}, "properties": {"delivery_info": {"redelivered": true}, "x": Infinity}}',
    );
  });

  it.each(['{"headers": {}, "properties": {}}', '{ "headers" : { } }', '{"properties":{"delivery_info":{"a":1}}}'])(
    'gives JSON of %s',
    (payload) => {
      expect(markRedelivered(payload)).toContain('"redelivered": true');
      expect(() => JSON.parse(markRedelivered(payload)) as unknown).not.toThrow();
    },
  );

  it('is not taken in by texts that look like members', () => {
    const tricky = { ...envelope, body: '","headers":{"x":1},"y":"', headers: { 'a"b': '{"headers":{}}\\' } };
    const marked = JSON.parse(markRedelivered(JSON.stringify(tricky))) as typeof tricky;
    expect(marked.body).toBe(tricky.body);
    expect(marked.headers).toEqual({ ...tricky.headers, redelivered: true, 'x-delivery-count': 1 });
  });

  it('puts a mark behind what is no envelope, which is taken off again', () => {
    for (const payload of ['', 'text', '42', '[1]', '{}', '{"headers": 7}', '{"cut', 'x\0redelivered:no', '{"a": "']) {
      expect(readMark(payload)).toEqual({ payload, deliveryCount: undefined });
      expect(readMark(markRedelivered(payload))).toEqual({ payload, deliveryCount: 1 });
      expect(readMark(markRedelivered(markRedelivered(payload)))).toEqual({ payload, deliveryCount: 2 });
    }
  });

  it('marks any envelope so that all but the marks is what it was', () => {
    const key = fc.string().filter((name) => !['__proto__', 'redelivered', 'x-delivery-count'].includes(name));
    const parts = fc.record({ body: fc.string(), headers: fc.dictionary(key, fc.jsonValue()), more: fc.jsonValue() });
    const info = fc.dictionary(key, fc.string());
    fc.assert(
      fc.property(parts, info, fc.constantFrom(undefined, 1, '\t'), (message, delivery_info, space) => {
        const payload = JSON.stringify({ ...message, properties: { delivery_info } }, undefined, space);
        const marked = JSON.parse(markRedelivered(payload)) as typeof message & {
          properties: { delivery_info: object };
        };
        const { redelivered, 'x-delivery-count': count, ...headers } = marked.headers;
        expect([redelivered, count]).toEqual([true, 1]);
        expect(headers).toEqual(JSON.parse(JSON.stringify(message.headers)));
        expect(marked.properties.delivery_info).toEqual({ ...delivery_info, redelivered: true });
        expect(marked.body).toBe(message.body);
      }),
    );
  });

  it('takes time in proportion to the text, however hostile', () => {
    const hostile = [
      `{"headers": ${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}, "properties": {"delivery_info": {}}}`,
      `{"headers": {${'"a":1,'.repeat(20_000)}"b":2}, "properties": {"delivery_info": {}}}`,
      `{"headers": "${'\\'.repeat(100_000)}`,
      `{${'"'.repeat(100_000)}`,
      `[${'['.repeat(100_000)}`,
    ];
    for (const payload of hostile) expect(readMark(markRedelivered(payload)).payload.length).toBeGreaterThan(1000);
  });
});

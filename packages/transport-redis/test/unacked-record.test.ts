import * as fc from 'fast-check';
import { asciiJson } from '../src/keys.ts';
import { priorityOf, readRecord } from '../src/unacked-record.ts';

// As Kombu 5.7.0 wrote it when a consumer took a message.
const ofPython =
  '[{"body": "eyJmcm9tIjogInB5dGhvbiJ9", "content-encoding": "utf-8", "content-type": "application/json", "headers": {"n": NaN}, "properties": {"delivery_mode": 2, "delivery_info": {"exchange": "shop", "routing_key": "order.x.new"}, "priority": 4, "body_encoding": "base64", "delivery_tag": "9d998be5-ce00-48b9-8b14-b254e0272b86"}}, "shop", "order.\\u00fc.new"]';

describe('readRecord', () => {
  it('reads what Kombu wrote', () => {
    const record = readRecord(ofPython);
    expect(record).toMatchObject({ exchange: 'shop', routingKey: 'order.ü.new' });
    expect(record?.payload).toBe(ofPython.slice(1, ofPython.indexOf(', "shop", "order.')));
    expect(priorityOf(record?.payload ?? '')).toBe(4);
  });

  it('reads what a claim writes, whatever the payload and the queue are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.boolean(), (text, queue, isObject) => {
        const payload = isObject ? `{${text}}` : text;
        const recorded = isObject ? payload : JSON.stringify(payload);
        expect(readRecord(`[${recorded}, "", ${asciiJson(queue)}]`)).toEqual({
          payload,
          exchange: '',
          routingKey: queue,
        });
      }),
    );
  });

  it.each(['', '[]', '{}', 'null', '[{}, "a"]', '[{}, "a", 3]', '{}, "a", "b"]', '["\\x", "a", "b"]'])(
    'finds no record in %s',
    (text) => {
      expect(readRecord(text)).toBeUndefined();
    },
  );
});

describe('priorityOf', () => {
  it.each([
    ['{"properties": {"priority": 9}}', 9],
    ['{"properties":{"priority":12}}', 9],
    ['{"properties":{"priority":-1}}', 0],
    ['{"properties":{"priority":"high"}}', 0],
    ['{"properties":{"x":{"priority":5}},"priority":7}', 0],
    ['no envelope', 0],
  ])('of %s is %i', (payload, priority) => {
    expect(priorityOf(payload)).toBe(priority);
  });
});

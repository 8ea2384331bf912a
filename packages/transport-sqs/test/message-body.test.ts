import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { encodeBody, payloadOfBody, textOfBody } from '../src/message-body.ts';

/** Written by `golden/capture.py`. */
const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/kombu.json'), 'utf8')) as {
  readonly bodies: Readonly<Record<string, string | null>>;
};

describe('the body of an SQS message', () => {
  it.each(Object.entries(golden.bodies))('is read as by Kombu: %j', (body, expected) => {
    const payload = JSON.parse(payloadOfBody(body)) as { readonly body?: string };
    expect(payload.body ?? null).toBe(expected);
  });

  it('that is an envelope stays as it is, whoever wrote it and how', () => {
    for (const text of [
      '{"body":"eA==","properties":{}}',
      '{"body": "eA==", "properties": {}}',
      '{"properties": {"delivery_info": {}}, "body": null}',
    ]) {
      expect(payloadOfBody(text)).toBe(text);
      expect(payloadOfBody(encodeBody(text, true))).toBe(text);
    }
  });

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        expect(textOfBody(encodeBody(text, true))).toBe(text);
      }),
    );
  });
});

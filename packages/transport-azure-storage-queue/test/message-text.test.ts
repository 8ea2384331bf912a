import * as fc from 'fast-check';
import { fromMessageText, toMessageText } from '../src/message-text.ts';

describe('the text of a message', () => {
  it.each(['text', 'base64'] as const)('gives any JSON object back (%s)', (encoding) => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (value) => {
        const payload = JSON.stringify(value);
        const read = fromMessageText(toMessageText(payload, encoding));
        expect(JSON.parse(read)).toEqual(JSON.parse(payload));
      }),
    );
  });

  it('is the JSON itself, as in Kombu', () => {
    expect(toMessageText('{"a":"ü"}', 'text')).toBe('{"a":"ü"}');
  });

  it('has no character that XML cannot write', () => {
    expect(toMessageText('{"a":"\uFFFE\uFFFF"}', 'text')).toBe(String.raw`{"a":"\ufffe\uffff"}`);
  });

  it.each(['', 'm1', 'abcd', 'bm90IGpzb24=', '[1]', 'e30', '{"a":1}'])(
    'that is no envelope stays as it is: %j',
    (text) => {
      expect(fromMessageText(text)).toBe(text);
    },
  );
});

import * as fc from 'fast-check';
import { JsonCodec, jsonCodec } from '../../src/codec/json.ts';
import { Decimal, PlainDate, PlainDateTime, PlainTime, Uuid } from '../../src/codec/value-types.ts';
import { DecodeError } from '../../src/errors.ts';

const anyDate = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const dayText = anyDate.map((date) => date.toISOString().slice(0, 10));
const timeText = fc
  .tuple(anyDate, fc.constantFrom(5, 8, 12), fc.constantFrom('', '123'))
  .map(([date, length, micros]) => date.toISOString().slice(11, 11 + length) + (length === 12 ? micros : ''));
const offset = fc.constantFrom('', 'Z', '+00:00', '-03:30', '+05:53:28');

/** Also lone surrogates and control characters. */
const anyText = fc.oneof(
  fc.string(),
  fc.array(fc.nat(0xff_ff)).map((codes) => String.fromCharCode(...codes)),
);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0);
const plainLeaf = fc.oneof(anyText, finite, fc.integer(), fc.maxSafeInteger(), fc.boolean(), fc.constant(null));
/** JSON.stringify writes larger ones as if they were exact. */
const exactLeaf = plainLeaf.filter((leaf) => !Number.isInteger(leaf) || Number.isSafeInteger(leaf));
const typedLeaf = fc.oneof(
  anyDate,
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  dayText.map((text) => new PlainDate(text)),
  fc.tuple(timeText, offset).map(([time, zone]) => new PlainTime(time + zone)),
  fc.tuple(dayText, timeText).map(([day, time]) => new PlainDateTime(`${day}T${time}`)),
  finite.map((number) => new Decimal(String(number))),
  fc.uuid().map((text) => new Uuid(text)),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }).chain((value) => fc.constantFrom(value, -value)),
);
const key = anyText.filter((text) => text !== '__proto__' && text !== '__type__');

function treeOf(leaf: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('tree'), { maxLength: 5 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 5, noNullPrototype: true }),
    ),
  })).tree;
}
const plainTree = treeOf(exactLeaf);
const bigints = new JsonCodec({ bigints: 'bigint' });
const outcome = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    return error instanceof DecodeError || error instanceof SyntaxError ? 'refused' : error;
  }
};

describe('behaviour 18: JSON properties', () => {
  it('every value reads back as it was written', () => {
    fc.assert(
      fc.property(treeOf(fc.oneof(plainLeaf, typedLeaf)), (value) => {
        expect(bigints.parse(bigints.stringify(value))).toStrictEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it('what is read can be written again, to the same text', () => {
    fc.assert(
      fc.property(treeOf(fc.oneof(plainLeaf, typedLeaf)), (value) => {
        const text = bigints.stringify(value);
        expect(bigints.stringify(bigints.parse(text))).toBe(text);
      }),
    );
  });

  it('the slow lane writes plain values as JSON.stringify does', () => {
    fc.assert(
      fc.property(plainTree, (value) => {
        // A typed value at its side takes the whole off the fast lane.
        const [first] = JSON.parse(jsonCodec.stringify([value, new Date(0)])) as [unknown];
        expect(first).toStrictEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('the slow lane reads as JSON.parse does, spaces and all', () => {
    fc.assert(
      fc.property(plainTree, fc.constantFrom('', ' ', '\r\n\t'), (value, space) => {
        const text = `[${space}${JSON.stringify(value, null, space)}${space},12345678901234567890${space}]`;
        expect(bigints.parse(text)).toStrictEqual([JSON.parse(JSON.stringify(value)), 12345678901234567890n]);
      }),
    );
  });

  it('refuses what JSON.parse refuses and reads the rest alike', () => {
    const damaged = fc
      .tuple(
        plainTree,
        fc.nat(),
        fc.nat(3),
        fc.constantFrom('', '"', ',', ':', '[', ']', '{', '}', '\\', '1', '-', '.', 'e', ' ', '\0'),
      )
      .map(([value, at, cut, put]) => {
        const text = JSON.stringify(value);
        const start = at % (text.length + 1);
        return text.slice(0, start) + put + text.slice(start + cut);
      });
    fc.assert(
      fc.property(damaged, (text) => {
        const lenient = new JsonCodec({ bigints: 'bigint', nonFinite: 'number' });
        const native = outcome(() => JSON.parse(text));
        const ours = outcome(() => lenient.parse(text));
        expect(ours === 'refused').toBe(native === 'refused');
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws anything but a DecodeError, whatever it is given', () => {
    const soup = fc
      .array(
        fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          '"__type__"',
          '"__value__"',
          '"__proto__"',
          ':',
          ',',
          '"date"',
          '"uuid"',
          '"base64"',
          '1',
          'NaN',
          '"2024-02-29"',
          '9007199254740993',
          'null',
          '{"hex":1}',
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(anyText, soup), (text) => {
        const result = outcome(() => jsonCodec.parse(text));
        expect(result).not.toBeInstanceOf(Error);
      }),
      { numRuns: 1000 },
    );
  });
});

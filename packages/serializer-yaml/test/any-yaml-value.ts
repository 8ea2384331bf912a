import { PlainDate, PlainDateTime } from '@kombu/core';
import * as fc from 'fast-check';

const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__proto__');
const tricky = fc.constantFrom(
  'yes',
  '1:30',
  '- a',
  'a: b',
  '=',
  '<<',
  "it's",
  ' a',
  'a ',
  '#',
  '\n',
  'a\n',
  '\u2028',
  '\x85',
  '...',
  '0o7',
);
const iso = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((instant) => instant.toISOString().slice(0, 19));

const scalar = fc.oneof(
  fc.constantFrom(null, true, false, -0, NaN, Infinity, -Infinity),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }),
  fc.bigInt({ min: -(2n ** 200n), max: -(2n ** 53n) }),
  name,
  tricky,
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  iso.map((text) => new Date(`${text}Z`)),
  iso.map((text) => new PlainDate(text.slice(0, 10))),
  iso.map((text) => new PlainDateTime(text)),
);

/** A number that is no string is what makes a mapping a Map. */
const notText = fc.integer();

/** Everything that can be written and comes back as it was. */
export const anyYamlValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value')),
    fc.dictionary(name, tie('value'), { noNullPrototype: true }),
    fc.dictionary(tricky, tie('value'), { noNullPrototype: true }),
    fc
      .tuple(notText, fc.array(fc.tuple(name, tie('value'))))
      .map(([key, pairs]) => new Map<unknown, unknown>([[key, 1], ...pairs])),
    fc.array(fc.oneof(fc.string(), fc.integer())).map((items) => new Set(items)),
  ),
})).value;

import { DecodeError, defaultLimits, SerializerRegistry } from '@kombu/core';
import * as fc from 'fast-check';
import { yamlSerializer } from '../src/index.ts';
import { thrownBy } from '../../core/test/codec/python/fixtures.ts';

const registry = new SerializerRegistry();
registry.register(yamlSerializer);
const read = (body: Buffer | string, limits = defaultLimits): unknown =>
  registry.loads(Buffer.from(body), 'application/x-yaml', 'utf-8', { limits });

/** Each level stands for nine of the one before. */
function laughs(levels: number): string {
  const lines = ['a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
  for (let level = 1; level < levels; level++) {
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  }
  return lines.join('\n');
}

/** As {@link laughs}, but by merging. */
function merges(levels: number): string {
  const lines = ['- &a0 {a: 1, b: 2, c: 3}'];
  for (let level = 1; level < levels; level++) {
    lines.push(
      `- &a${level} {<<: [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}], k${level}: 1}`,
    );
  }
  return lines.join('\n');
}

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const block = (levels: number): string =>
  Array.from({ length: levels }, (_, level) => `${' '.repeat(level)}a:\n`).join('');

const tokens = [
  ['a', '1', '~', '"x"', "'y'", '- ', '? ', ': ', '\n', '\n  ', ' ', '{', '}', '[', ']', ', ', '&a ', '*a', '!!str '],
  [
    '!!set ',
    '!!omap ',
    '# c',
    '|',
    '>',
    '<<: ',
    '=',
    '---\n',
    '...\n',
    '\t',
    '"',
    "'",
    '%',
    'k: ',
    '!',
    '!!int ',
    '\r',
  ],
].flat();

describe('hostile bodies end in a DecodeError', () => {
  it.each([
    [
      'a tag of Python',
      '!!python/object/apply:os.system ["true"]',
      'no sequence can have the tag "python/object/apply:os.system"',
    ],
    [
      'a scalar with a tag of Python',
      'a: !!python/name:os.system',
      'no scalar can have the tag "python/name:os.system"',
    ],
    ['a mapping with a tag of Python', 'a:\n  !!python/object:a.b\n  c: 1', 'no mapping can have the tag'],
    ['a tag of somebody', 'a: !secret 1', 'no scalar can have the tag "!secret"'],
    ['a name of an object', '!constructor a', 'no scalar can have the tag'],
    ['a tag of the standard that names an object', '!!constructor a', 'no scalar can have the tag "constructor"'],
    ['a long tag', `!${'x'.repeat(10_000)} a`, 'no scalar can have the tag'],
    ['a cycle', '&a [*a]', 'a node contains itself (line 1)'],
    ['a cycle of two', 'a: &a\n  b: &b\n    c: *a', 'a node contains itself (line 3)'],
    ['an alias without anchor', '- *a', 'an alias has no anchor'],
    ['an anchor twice', '- &a 1\n- &a 2', 'an anchor is defined twice (line 2)'],
    ['a key that is a list', '? [1]\n: 2', 'a key is a collection'],
    ['two documents', 'a\n---\nb', 'more than one document'],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0xff]), 'not valid utf-8'],
    ['bytes that are not UTF-16', Buffer.from([0xff, 0xfe, 0x61]), 'not valid utf-16le'],
    ['a control character', 'a\x07', 'the character U+0007 at 1 is not allowed'],
    ['an escaped surrogate alone', Buffer.from([0xed, 0xa0, 0x80]), 'not valid utf-8'],
    ['an integer of too many digits', '1'.repeat(5000), 'more than 4300 digits'],
    ['a hexadecimal one', `0x${'f'.repeat(5000)}`, 'more than 4300 digits'],
    ['a sexagesimal one', `1${':59'.repeat(5000)}`, 'more than 4300 digits'],
    ['a date that is none', '2001-02-30', 'a timestamp is out of range'],
    ['an open list', '[1, 2', 'Cannot read the YAML'],
  ])('%s', (_, body, message) => {
    const error = thrownBy(() => read(body));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message).toContain(message);
    expect(error.message.length).toBeLessThan(300);
  });

  it('does not say what is in the body', () => {
    const error = thrownBy(() => read('password: "secret\n'));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message).not.toContain('secret');
    expect(error.cause).toBeUndefined();
  });

  it.each([
    ['a billion laughs', laughs(10)],
    ['more laughs', laughs(60)],
    ['a billion merged keys', merges(12)],
    ['more merged keys', merges(60)],
  ])('%s', (_, body) => {
    expect(() => read(body)).toThrow(
      'it stands for more than 33554432 characters, with its aliases (limits.maxBodyBytes)',
    );
  });

  it('a few laughs are no matter', () => {
    expect(JSON.stringify(read(laughs(4))).length).toBeGreaterThan(20_000);
    expect(() => read(laughs(4), { ...defaultLimits, maxBodyBytes: 10_000 })).toThrow(DecodeError);
  });

  it('a body of too many mappings that become Maps', () => {
    const limits = { ...defaultLimits, maxBodyBytes: 8000 };
    expect(read(`[${'{},'.repeat(332)}]`, limits)).toHaveLength(332);
    expect(read(`[${'? ,'.repeat(332)}]`, limits)).toHaveLength(332);
    const twice = `- &a [${'? ,'.repeat(310)}]\n- *a`;
    expect(() => read(twice, limits)).toThrow('it stands for more than 8000 characters');
  });

  it('a body of more than an eighth of the limit, for YAML takes more memory than JSON', () => {
    const limits = { ...defaultLimits, maxBodyBytes: 800 };
    expect(read('a'.repeat(100), limits)).toBe('a'.repeat(100));
    expect(() => read('a'.repeat(101), limits)).toThrow('101 bytes, 100 are allowed');
  });

  it.each([
    ['lists', '[', 'x', ']'],
    ['mappings', '{a: ', 'x', '}'],
    ['items', '- ', 'x', ''],
    ['keys', '? ', 'x', ''],
    ['lists that are keys', '[', 'x', ']: y'],
    ['lists with anchors', '!!seq [', 'x', ']'],
  ])('%s that nest 100 000 levels', (_, open, inner, close) => {
    const deep = open.repeat(100_000) + inner + close.repeat(100_000);
    expect(() => read(deep)).toThrow('deeper than 1000 levels (limits.maxDepth)');
    expect(() => read(deep, { ...defaultLimits, maxDepth: Infinity })).toThrow(DecodeError);
  });

  it('nests as deep as the limit allows', () => {
    for (const text of [nested, block]) {
      expect(() => read(text(1000))).not.toThrow();
      expect(() => read(text(1001))).toThrow(DecodeError);
      expect(() => read(text(3), { ...defaultLimits, maxDepth: 3 })).not.toThrow();
      expect(() => read(text(4), { ...defaultLimits, maxDepth: 3 })).toThrow(DecodeError);
    }
    expect(read('1', { ...defaultLimits, maxDepth: 0 })).toBe(1);
  });

  it.each([
    ['an object', '__proto__: {x: 1}\na: 1'],
    ['quotes', '"__proto__": {x: 1}\na: 1'],
    ['a merge', '<<: {__proto__: {x: 1}}\na: 1'],
    ['an alias', '- &p {__proto__: {x: 1}}\n- {<<: *p, a: 1}'],
  ])('a key __proto__ in %s changes no prototype', (_, text) => {
    const value = [read(text)].flat().at(-1) as { x?: number };
    expect(value).toStrictEqual({ a: 1 });
    expect(value.x).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('whatever it is given, it gives a value or a DecodeError', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...tokens), { maxLength: 20 }),
        fc.uint8Array({ maxLength: 20 }),
        (parts, noise) => {
          for (const body of [Buffer.from(parts.join('')), Buffer.from(noise)]) {
            try {
              read(body);
            } catch (error) {
              expect(error).toBeInstanceOf(DecodeError);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

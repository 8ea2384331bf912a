import {
  Decimal,
  EncodeError,
  PlainDate,
  PlainDateTime,
  PlainTime,
  SerializerNotInstalledError,
  SerializerRegistry,
  serializers,
  Uuid,
} from '@kombu/core';
import * as fc from 'fast-check';
import { yamlSerializer } from '../src/index.ts';
import { anyYamlValue } from './any-yaml-value.ts';

const registry = new SerializerRegistry();
registry.register(yamlSerializer);
const write = (value: unknown): string => registry.dumps(value, 'yaml').body.toString('utf8');
const read = (body: Buffer | string): unknown => registry.loads(Buffer.from(body), 'application/x-yaml', 'utf-8');

describe('round trips', () => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(anyYamlValue, (value) => {
        expect(read(write(value))).toStrictEqual(value);
      }),
    );
  });

  it('writes all text as ASCII that reads back as the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre((text as string & { isWellFormed(): boolean }).isWellFormed());
        const body = write({ [text]: text });
        expect(body).toMatch(/^[\n -~]*$/);
        expect(read(body)).toStrictEqual(text === '__proto__' ? {} : { [text]: text });
      }),
      { numRuns: 300 },
    );
  });
});

describe('what it writes', () => {
  class Point {
    readonly x = 1;
    readonly #y = 2;
    sum(): number {
      return this.x + this.#y;
    }
  }

  it.each([
    [
      'an order',
      {
        id: 7,
        lines: [
          { sku: 'a-1', count: 2 },
          { sku: 'b', count: 1 },
        ],
      },
      'id: 7\nlines:\n- sku: a-1\n  count: 2\n- sku: b\n  count: 1\n',
    ],
    ['what JSON leaves out', { a: undefined, b: () => 1, c: Symbol('c'), d: null }, 'd: null\n'],
    ['only what JSON leaves out', { a: undefined }, '{}\n'],
    ['what JSON makes null', [undefined, () => 1, Symbol('c')], '- null\n- null\n- null\n'],
    ['toJSON', { at: new URL('http://a/') }, 'at: http://a/\n'],
    ['toJSON that gives a date', { toJSON: () => new Date(0) }, '1970-01-01 00:00:00+00:00\n...\n'],
    ['an instance', new Point(), 'x: 1\n'],
    ['boxed values', [Object(1), Object('a'), Object(1n)], '- 1\n- a\n- 1\n'],
    ['large numbers', [2 ** 64, 1e20, 1e-7, 1.5e300], '- 1.8446744073709552e+19\n- 1.0e+20\n- 1.0e-07\n- 1.5e+300\n'],
    ['a time without seconds', new PlainDateTime('2024-01-02T03:04'), '2024-01-02 03:04:00\n...\n'],
    ['a date', { d: new PlainDate('2024-02-29') }, 'd: 2024-02-29\n'],
    [
      'types of Python that YAML has no tag for',
      [new Decimal('1.50'), new PlainTime('03:04'), new Uuid('0'.repeat(32))],
      "- '1.50'\n- 03:04\n- 00000000-0000-0000-0000-000000000000\n",
    ],
    ['bytes', Uint8Array.of(1, 2), '!!binary |\n  AQI=\n'],
  ])('%s', (_, value, text) => {
    expect(write(value)).toBe(text);
  });

  const cyclic: unknown[] = [];
  cyclic.push([cyclic]);
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

  it.each([
    ['undefined', undefined, '$ as YAML: it is undefined'],
    ['a function', () => 1, 'it is function'],
    ['half a character', { a: ['\ud800'] }, '$.a[0] as YAML: the text has a lone surrogate'],
    ['half a character in a key', { '\ud800': 1 }, 'lone surrogate'],
    ['a key that is an array', new Map([[[1], 1]]), 'the key is a collection'],
    ['a key that is undefined', new Map([[undefined, 1]]), 'it is undefined'],
    ['a WeakMap', { w: new WeakMap() }, '$.w as YAML: what is in it would be lost'],
    ['floats', new Float64Array(1), 'send a Buffer for bytes'],
    ['an Error', new Error('no'), 'send its message'],
    ['an invalid Date', new Date(NaN), 'the Date is invalid'],
    ['a Date that Python does not know', new Date('+010000-01-01T00:00:00Z'), 'outside the years 1 to 9999'],
    ['an integer of too many digits', 10n ** 4300n, 'more than 4300 digits'],
    ['a cycle', cyclic, 'contains itself'],
    ['too many levels', deep(1001), 'deeper than 1000'],
  ])('refuses %s', (_, value, message) => {
    expect(() => write(value)).toThrow(EncodeError);
    expect(() => write(value)).toThrow(message);
  });

  it('writes as many levels as it reads, and a value twice', () => {
    expect(read(write(deep(1000)))).toEqual(deep(1000));
    const twice = { a: [1] };
    expect(read(write([twice, twice]))).toEqual([twice, twice]);
  });
});

describe('what it reads', () => {
  it('is UTF-8, or UTF-16 with a mark, as for PyYAML', () => {
    const text = 'a: wörld 😀\n';
    const littleEndian = Buffer.from(`\ufeff${text}`, 'utf16le');
    for (const body of [
      Buffer.from(text),
      Buffer.from(`\ufeff${text}`),
      littleEndian,
      Buffer.from(littleEndian).swap16(),
    ]) {
      expect(read(body)).toEqual({ a: 'wörld 😀' });
    }
  });

  it('shares what an alias stands for', () => {
    const value = read('- &a [1]\n- *a\n') as unknown[];
    expect(value).toEqual([[1], [1]]);
    expect(value[0]).toBe(value[1]);
  });
});

it('is registered by the module that says so, and not before', async () => {
  expect(() => serializers.dumps(1, 'yaml')).toThrow(SerializerNotInstalledError);
  expect(() => serializers.dumps(1, 'yaml')).toThrow('@kombu/serializer-yaml');
  await import('../src/register.ts');
  const { body, contentType, contentEncoding } = serializers.dumps({ a: 1 }, 'yaml');
  expect([contentType, contentEncoding]).toEqual(['application/x-yaml', 'utf-8']);
  expect(serializers.loads(body, contentType, contentEncoding)).toEqual({ a: 1 });
});

import {
  EncodeError,
  InvalidArgumentError,
  SerializerNotInstalledError,
  SerializerRegistry,
  serializers,
} from '@kombu/core';
import { decode, encode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { MsgpackExtension, msgpackSerializer } from '../src/index.ts';

const registry = new SerializerRegistry();
registry.register(msgpackSerializer);
const write = (value: unknown): Buffer => registry.dumps(value, 'msgpack').body;
const read = (body: Uint8Array): unknown => registry.loads(Buffer.from(body), 'application/x-msgpack', 'binary');

const key = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__proto__');
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, NaN, Infinity),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.date({ noInvalidDate: true }),
    fc.tuple(fc.nat(127), fc.uint8Array()).map(([type, data]) => new MsgpackExtension(type, Buffer.from(data))),
    fc.array(tie('value')),
    fc.dictionary(key, tie('value'), { noNullPrototype: true }),
  ),
}));

describe('round trips', () => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(read(write(value))).toStrictEqual(value);
      }),
    );
  });

  const { value: plain } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, false),
      fc.integer(),
      fc.double(),
      fc.string({ unit: 'grapheme' }),
      fc.array(tie('value')),
      fc.dictionary(key, tie('value'), { noNullPrototype: true }),
    ),
  }));

  it('agrees with another implementation', () => {
    fc.assert(
      fc.property(plain, (value) => {
        // That one writes -0 as an integer, and Python does not.
        fc.pre(
          !JSON.stringify(value, (_, part: unknown) => (Object.is(part, -0) ? 'minus zero' : part)).includes(
            'minus zero',
          ),
        );
        const body = write(value);
        expect(body).toEqual(Buffer.from(encode(value)));
        expect(decode(body)).toStrictEqual(value);
      }),
    );
  });

  it.each([
    ['text', 'a'.repeat(65_535)],
    ['longer text', 'a'.repeat(65_536)],
    ['bytes', Buffer.alloc(65_535)],
    ['more bytes', Buffer.alloc(65_536)],
    ['an array', Array(65_535).fill(1)],
    ['a longer array', Array(65_536).fill(1)],
    ['a map', Object.fromEntries(Array.from({ length: 65_535 }, (_, index) => [`k${index}`, 0]))],
    ['a larger map', Object.fromEntries(Array.from({ length: 65_536 }, (_, index) => [`k${index}`, 0]))],
  ])('agrees with it about the size of %s', (_, value) => {
    const body = write(value);
    expect(body.equals(encode(value))).toBe(true);
    expect(write(read(body)).equals(body)).toBe(true);
  });

  it('reads what is longer than it has to be, and floats of 32 bits', () => {
    const long = Buffer.from('dd00000007cc01cd0001ce00000001cf0000000000000001d001d3ffffffffffffffffca3fc00000', 'hex');
    expect(read(long)).toEqual([1, 1, 1, 1, 1, -1, 1.5]);
    expect(read(Buffer.from('db0000000161', 'hex'))).toBe('a');
    expect(read(Buffer.from('df00000001d90161c0', 'hex'))).toEqual({ a: null });
  });

  it('cuts digits below the millisecond off', () => {
    const nanoseconds = Buffer.from('c70cff3b9ac9ffffffffffffffffff', 'hex');
    expect(read(nanoseconds)).toEqual(new Date(-1));
  });
});

describe('values that MessagePack has nothing of its own for', () => {
  class Point {
    readonly x = 1;
    readonly #y = 2;
    sum(): number {
      return this.x + this.#y;
    }
  }
  const nothing = { a: undefined, b: () => 1, c: Symbol('c'), d: null };

  it.each([
    ['what JSON leaves out', nothing, { d: null }],
    ['what JSON makes null', [undefined, () => 1, Symbol('c')], [null, null, null]],
    ['toJSON', { at: new URL('http://a/') }, { at: 'http://a/' }],
    ['an instance', new Point(), { x: 1 }],
    ['a Map', new Map([['a', new Map([['b', 1]])]]), { a: { b: 1 } }],
    ['boxed values', [Object(1), Object('a'), Object(1n)], [1, 'a', 1]],
    ['a small BigInt', [1n, -1n, 2n ** 53n - 1n], [1, -1, 2 ** 53 - 1]],
    ['a large number', [2 ** 64, 1e20], [2 ** 64, 1e20]],
    ['bytes', [Uint8Array.of(1), Buffer.from('a')], [Buffer.of(1), Buffer.from('a')]],
  ])('writes %s as JSON would', (_, value, back) => {
    expect(read(write(value))).toEqual(back);
  });

  const cyclic: unknown[] = [];
  cyclic.push([cyclic]);
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

  it.each([
    ['undefined', undefined, '$ as MessagePack: it is undefined'],
    ['a function', () => 1, 'it is function'],
    ['a BigInt beyond 64 bits', { a: [2n ** 64n] }, '$.a[0] as MessagePack: the integer is not between'],
    ['a BigInt below 64 bits', -(2n ** 63n) - 1n, 'the integer is not between'],
    ['half a character', { a: '\ud800' }, '$.a as MessagePack: the text has a lone surrogate'],
    ['half a character in a key', { '\ud800': 1 }, 'lone surrogate'],
    ['a key that is a number', new Map([[1, 2]]), 'a key is number'],
    ['a Set', { s: new Set([1]) }, '$.s as MessagePack: what is in it would be lost; send [...set]'],
    ['floats', new Float64Array(1), 'send a Buffer for bytes'],
    ['an Error', new Error('no'), 'send its message'],
    ['an invalid Date', new Date(NaN), 'the Date is invalid'],
    ['a cycle', cyclic, 'contains itself'],
    ['too many levels', deep(1001), 'deeper than 1000'],
  ])('refuses %s', (_, value, message) => {
    expect(() => write(value)).toThrow(EncodeError);
    expect(() => write(value)).toThrow(message);
  });

  it('takes as many levels as it reads, and a value twice', () => {
    expect(read(write(deep(1000)))).toEqual(deep(1000));
    const twice = { a: 1 };
    expect(read(write([twice, twice]))).toEqual([twice, twice]);
  });

  it('refuses extensions out of range', () => {
    for (const type of [-1, 128, 1.5]) {
      expect(() => new MsgpackExtension(type, Buffer.alloc(0))).toThrow(InvalidArgumentError);
    }
  });
});

it('is registered by the module that says so, and not before', async () => {
  expect(() => serializers.dumps(1, 'msgpack')).toThrow(SerializerNotInstalledError);
  expect(() => serializers.dumps(1, 'msgpack')).toThrow('@kombu/serializer-msgpack');
  await import('../src/register.ts');
  const { body, contentType, contentEncoding } = serializers.dumps({ a: 1 }, 'msgpack');
  expect([contentType, contentEncoding]).toEqual(['application/x-msgpack', 'binary']);
  expect(serializers.loads(body, contentType, contentEncoding)).toEqual({ a: 1 });
});

import { JsonCodec, jsonCodec } from '../../src/codec/json.ts';
import { Decimal, PlainDate, PlainDateTime, PlainTime, Uuid } from '../../src/codec/value-types.ts';
import { DecodeError, EncodeError, InvalidArgumentError, SerializerNotInstalledError } from '../../src/errors.ts';
import { python, pythonText, thrownBy } from './python/fixtures.ts';

const millisecond = new Date('2024-01-02T03:04:05.678Z');
const uuid4 = new Uuid('00112233-4455-4677-8899-aabbccddeeff');

/** What each text of Python reads as; `same` where writing it again gives the same bytes, spaces aside. */
const readings: readonly [name: string, value: unknown, same: boolean][] = [
  ['object', { hello: 'wörld', n: [1, -2.5, 1e300, true, null], emoji: '😀' }, false],
  ['datetime utc', millisecond, true],
  ['datetime utc, no fraction', new Date('2024-01-02T03:04:05Z'), true],
  ['datetime utc, microseconds', millisecond, false],
  ['datetime with offset', new Date('2024-01-02T02:04:05.678Z'), false],
  ['datetime with odd offset', new Date('1880-01-02T08:57:33Z'), false],
  ['datetime naive', new PlainDateTime('2024-01-02T03:04:05.678901'), true],
  ['datetime first', new Date('0001-01-01T00:00:00Z'), true],
  ['datetime last', new Date('9999-12-31T23:59:59.999Z'), true],
  ['date', new PlainDate('2024-02-29'), true],
  ['time', new PlainTime('03:04:05'), true],
  ['time, microseconds and offset', new PlainTime('03:04:05.678901+01:00'), true],
  ['decimal', new Decimal('1.50'), true],
  ['decimal exponent', new Decimal('1E+3'), true],
  ['decimal digits', new Decimal('-0.1234567890123456789012345678901234567890'), true],
  ['decimal NaN', new Decimal('NaN'), true],
  ['decimal Infinity', new Decimal('-Infinity'), true],
  ['uuid1', new Uuid('c232ab00941411ecb3c89f6bdeced846'), true],
  ['uuid3', new Uuid('adf3e786-aec0-38f6-a4f6-1a46f77e43d5'), true],
  ['uuid4', uuid4, true],
  ['uuid5', new Uuid('903AF025-EDF8-5025-8552-523E6289E1BD'), true],
  ['bytes text', Buffer.from('wörld\0'), false],
  ['bytes empty', Buffer.alloc(0), true],
  ['bytes other', Buffer.from([0xff, 0, 0xfe]), true],
  ['nested', { list: [uuid4, { day: new PlainDate('2024-02-29') }], price: new Decimal('9.99') }, true],
  ['integer 2^53 - 1', [Number.MAX_SAFE_INTEGER], true],
  ['float 1e20', [1e20], true],
  ['lone surrogate', ['\ud800'], true],
];

describe('behaviour 18: JSON round-trips the types that Python Kombu marks', () => {
  it.each(readings)('reads %s as Python wrote it', (name, value) => {
    expect(jsonCodec.parse(pythonText(name))).toStrictEqual(value);
  });

  it.each(readings)('writes %s so that it reads back the same', (_name, value) => {
    expect(jsonCodec.parse(jsonCodec.stringify(value))).toStrictEqual(value);
  });

  it.each(readings.filter(([, , same]) => same))('writes %s byte for byte as Python does', (name, value) => {
    expect(jsonCodec.stringify(value)).toBe(pythonText(name).replaceAll(/(?<=[,:]) /g, ''));
  });

  it('has a reading for every text that a number can hold', () => {
    const others = python.json.filter(({ name }) => !readings.some(([known]) => known === name));
    expect(others.map(({ name }) => name)).toEqual([
      'NaN',
      'Infinity',
      '-Infinity',
      'integer 2^53 + 1',
      'integer -2^63',
      'integer 10^30',
    ]);
  });

  it('reads the markers of a whole envelope', () => {
    expect(jsonCodec.parse(python.envelope)).toMatchObject({
      body: Buffer.from([0xff, 0]),
      headers: { at: millisecond, id: uuid4 },
      properties: { body_encoding: null, delivery_tag: uuid4.text },
    });
  });

  it('reads the trailing Z that JavaScript peers write', () => {
    const text = '{"__type__":"datetime","__value__":"2024-01-02T03:04:05.678Z"}';
    expect(jsonCodec.parse(text)).toStrictEqual(millisecond);
  });

  it('finds markers however their keys are spelt', () => {
    const text = String.raw`{"\u005f\u005ftype__":"date","__value\u005F_":"2024-02-29"}`;
    expect(jsonCodec.parse(text)).toStrictEqual(new PlainDate('2024-02-29'));
  });

  it('takes an object with a third key for what it is', () => {
    const value = { __type__: 'date', __value__: '2024-02-29', unit: 1 };
    expect(jsonCodec.parse(jsonCodec.stringify(value))).toStrictEqual(value);
  });

  it('writes any Uint8Array as bytes, a view of part of a buffer included', () => {
    const view = new Uint8Array(Buffer.from('-text-')).subarray(1, 5);
    expect(jsonCodec.parse(jsonCodec.stringify([view]))).toStrictEqual([Buffer.from('text')]);
  });
});

describe('behaviour 18: what JSON.stringify would do to other values', () => {
  it('honours toJSON once, with the key, and marks what it gives', () => {
    const keys: string[] = [];
    class Point {
      readonly at = millisecond;
      toJSON(key: string): unknown {
        keys.push(key);
        return { at: this.at, key };
      }
    }
    const self = {
      a: 1,
      toJSON(): unknown {
        return this;
      },
    };
    const value = { p: new Point(), list: [new Point()], self };
    const point = { at: millisecond };
    expect(jsonCodec.parse(jsonCodec.stringify(value))).toStrictEqual({
      p: { ...point, key: 'p' },
      list: [{ ...point, key: '0' }],
      self: { a: 1 },
    });
    expect(keys).toEqual(['p', '0']);
  });

  it('drops undefined, functions and symbols as JSON.stringify does, beside typed values, too', () => {
    const value = { a: undefined, b: () => 1, c: Symbol('c'), d: [undefined, () => 1, Symbol('d')] };
    expect(jsonCodec.stringify(value)).toBe('{"d":[null,null,null]}');
    expect(jsonCodec.stringify([value, uuid4])).toContain('[{"d":[null,null,null]},');
  });

  it('writes instances of classes and boxed values as JSON.stringify does', () => {
    class Named {
      readonly name = 'n';
      readonly #secret = 1;
      get secret(): number {
        return this.#secret;
      }
    }
    const value = [new Named(), Object('text'), Object(1), Object(true), Object.create(null)];
    expect(jsonCodec.stringify(value)).toBe(JSON.stringify(value));
  });

  it('writes bigint as an integer, and large numbers as the floats they are', () => {
    expect(jsonCodec.stringify({ id: 2n ** 64n, small: 5n })).toBe('{"id":18446744073709551616,"small":5}');
    expect(jsonCodec.stringify([2 ** 53, 1e20, -1.5e300, 2 ** 53 - 1])).toBe(
      '[9.007199254740992e+15,1e+20,-1.5e+300,9007199254740991]',
    );
  });

  const cycle: Record<string, unknown> = { name: 'c' };
  cycle['list'] = [1, cycle];
  let deep: unknown = 1;
  for (let level = 0; level < 1001; level++) deep = [deep];

  it.each([
    ['NaN', { a: [0, 1, 2, Number.NaN] }, '$.a[3]'],
    ['Infinity', { 'odd key': Number.POSITIVE_INFINITY }, '$["odd key"]'],
    ['-Infinity beside a typed value', [millisecond, Number.NEGATIVE_INFINITY], '$[1]'],
    ['an invalid Date', { when: new Date(Number.NaN) }, '$.when'],
    ['a Date that Python has not', [new Date(Date.UTC(10_000, 0))], '$[0]'],
    ['a Map', { m: new Map([[1, 2]]) }, 'Object.fromEntries(map)'],
    ['a Set', { s: new Set([1]) }, '[...set]'],
    ['an error', { e: new TypeError('x') }, '$.e'],
    ['a promise', { p: Promise.resolve(1) }, 'await'],
    ['a typed array', { f: new Float64Array(2) }, '$.f'],
    ['an ArrayBuffer', { f: new ArrayBuffer(2) }, 'Buffer'],
    ['a cycle', cycle, '$.list[1] as JSON: the value contains itself'],
    ['1 001 levels', deep, 'nested deeper than 1000 levels'],
    ['a toJSON that throws', { a: { toJSON: () => JSON.parse('no') as unknown } }, '$.a'],
    ['a bigint that no reader takes', [10n ** 4300n], '4300 digits'],
    ['undefined', undefined, 'undefined'],
    ['a function', () => 1, 'function'],
    ['a symbol', Symbol('s'), 'symbol'],
  ])('refuses %s', (_what, value, message) => {
    const error = thrownBy(() => jsonCodec.stringify(value));
    expect(error).toBeInstanceOf(EncodeError);
    expect(error.message).toContain(message);
  });

  it('writes 1 000 levels, and as many as asked for', () => {
    const [allowed] = deep as [unknown];
    expect(jsonCodec.parse(jsonCodec.stringify(allowed))).toStrictEqual(allowed);
    expect(() => jsonCodec.stringify([[1]], { maxDepth: 1 })).toThrow(EncodeError);
    expect(jsonCodec.stringify(deep, { maxDepth: 2000 })).toHaveLength(2003);
  });

  it('writes the same value twice when it is no cycle', () => {
    const shared = { at: millisecond };
    expect(jsonCodec.parse(jsonCodec.stringify([shared, shared]))).toStrictEqual([shared, shared]);
  });
});

describe('behaviour 18: registering types', () => {
  class Money {
    readonly cents: number;
    constructor(cents: number) {
      this.cents = cents;
    }
    toJSON(): string {
      return 'toJSON was asked before the registered type';
    }
  }
  const money = {
    name: 'money',
    is: (value: unknown): boolean => value instanceof Money,
    encode: (value: Money): unknown => ({ amount: new Decimal((value.cents / 100).toFixed(2)) }),
    decode: (raw: unknown): Money => new Money(Number((raw as { amount: Decimal }).amount) * 100),
  };

  it('round-trips a registered type, made of other types', () => {
    const codec = new JsonCodec();
    codec.register(money);
    const text = codec.stringify({ price: new Money(150) });
    expect(text).toBe(
      '{"price":{"__type__":"money","__value__":{"amount":{"__type__":"decimal","__value__":"1.50"}}}}',
    );
    expect(codec.parse(text)).toStrictEqual({ price: new Money(150) });
  });

  it('forgets an unregistered type and refuses to forget what it does not know', () => {
    const codec = new JsonCodec();
    codec.register(money);
    const text = codec.stringify(new Money(150));
    codec.unregister('money');
    expect(() => codec.parse(text)).toThrow(DecodeError);
    expect(codec.stringify(new Money(1))).toContain('toJSON');
    expect(() => codec.unregister('money')).toThrow(SerializerNotInstalledError);
    expect(() => codec.unregister('date')).toThrow(SerializerNotInstalledError);
  });

  it('transforms one way without a marker', () => {
    const codec = new JsonCodec();
    const set = { is: (value: unknown) => value instanceof Set, encode: (value: Set<unknown>): unknown => [...value] };
    codec.register(set);
    expect(codec.parse(codec.stringify({ ids: new Set([1, uuid4]) }))).toStrictEqual({ ids: [1, uuid4] });
    codec.unregister(set);
    expect(() => codec.stringify(new Set())).toThrow(EncodeError);
  });

  it('asks user types before built-in ones, in both directions, until they are taken back', () => {
    const codec = new JsonCodec();
    codec.register({
      name: 'datetime',
      is: (value) => value instanceof Date,
      encode: (value: Date) => value.getTime(),
      decode: (raw) => ({ milliseconds: raw }),
    });
    expect(codec.stringify(millisecond)).toBe('{"__type__":"datetime","__value__":1704164645678}');
    expect(codec.parse(pythonText('datetime utc'))).toEqual({ milliseconds: '2024-01-02T03:04:05.678000+00:00' });
    codec.unregister('datetime');
    expect(codec.parse(pythonText('datetime utc'))).toStrictEqual(millisecond);
  });

  it('asks about everything that JSON has no form for, and nothing else', () => {
    const codec = new JsonCodec();
    const asked: unknown[] = [];
    codec.register({
      is: (value) => {
        asked.push(value);
        return typeof value === 'number';
      },
      encode: (value) => String(value),
    });
    const text = codec.stringify({ n: Number.NaN, plain: [1, 'a', null, true, {}], b: 1n, id: uuid4 });
    expect(text).toContain('"n":"NaN"');
    expect(asked).toEqual([Number.NaN, 1n, uuid4]);
  });

  it('lets the newest of two types with different names win', () => {
    const codec = new JsonCodec();
    const type = (name: string) => ({ name, is: (value: unknown) => value instanceof Money, encode: () => 1 });
    codec.register(type('first'));
    codec.register(type('second'));
    codec.register(type('first'));
    expect(codec.stringify(new Money(1))).toBe('{"__type__":"first","__value__":1}');
    codec.unregister('first');
    expect(codec.stringify(new Money(1))).toBe('{"__type__":"second","__value__":1}');
  });

  it('leaves the value as it came where a type has no decode', () => {
    const codec = new JsonCodec();
    codec.register({ name: 'as-is', is: () => false, encode: (value) => value });
    expect(codec.parse('{"__type__":"as-is","__value__":[1]}')).toEqual([1]);
  });

  it('survives types that throw, give undefined or never end', () => {
    const codec = new JsonCodec();
    const register = (encode: (value: Money) => unknown): void => codec.register({ ...money, encode });
    register(() => JSON.parse('no') as unknown);
    expect(thrownBy(() => codec.stringify([new Money(1)]))).toMatchObject({
      code: 'ENCODE_FAILED',
      cause: expect.any(SyntaxError) as unknown,
    });
    register(() => undefined);
    expect(() => codec.stringify(new Money(1))).toThrow(EncodeError);
    register((value) => value);
    expect(() => codec.stringify(new Money(1))).toThrow(EncodeError);
    register((value) => new Money(value.cents + 1));
    expect(() => codec.stringify(new Money(1))).toThrow(EncodeError);
  });

  it('keeps two codecs apart', () => {
    const codec = new JsonCodec();
    codec.register(money);
    expect(new JsonCodec().stringify(new Money(1))).toContain('toJSON');
    expect(jsonCodec.stringify(new Money(1))).toContain('toJSON');
  });
});

describe('value types', () => {
  it('print, compare and freeze', () => {
    const day = new PlainDate('2024-02-29');
    expect(String(day)).toBe('2024-02-29');
    expect(JSON.stringify({ day })).toBe('{"day":"2024-02-29"}');
    expect(day.equals(new PlainDate('2024-02-29'))).toBe(true);
    expect(day.equals(new PlainDate('2024-02-28'))).toBe(false);
    expect(new Decimal('1').equals(new Decimal('1.0'))).toBe(false);
    expect(day.equals('2024-02-29')).toBe(false);
    expect(Object.isFrozen(day)).toBe(true);
    expect(Object.prototype.toString.call(day)).toBe('[object PlainDate]');
    expect(Number(new Decimal('1.50'))).toBe(1.5);
    expect(uuid4.hex).toBe('00112233445546778899aabbccddeeff');
    expect(new PlainDateTime('2024-01-02T03:04:05.678901').asUtc()).toStrictEqual(millisecond);
    expect(new PlainDateTime('0099-01-02T03:04').asUtc()).toStrictEqual(new Date('0099-01-02T03:04:00Z'));
  });

  it.each([
    [
      'PlainDate',
      PlainDate,
      [
        '',
        '2024-2-1',
        '2023-02-29',
        '1900-02-29',
        '2024-13-01',
        '2024-00-01',
        '2024-01-00',
        '0000-01-01',
        '2024-01-01T00:00',
        '+02024-01-01',
        '2024-01-01\n',
      ],
    ],
    [
      'PlainTime',
      PlainTime,
      ['', '24:00', '23:60', '23:59:60', '1:00', '01:00:00.1234567', '01:00+24:00', '01:00Z0', '01:00:00.'],
    ],
    [
      'PlainDateTime',
      PlainDateTime,
      ['', '2024-01-01', '2024-01-01 00:00', '2024-01-01T00:00Z', '2024-01-01T00:00+01:00', '2023-02-29T00:00'],
    ],
    ['Decimal', Decimal, ['', '.', '1,5', '0x10', '1e', '1.5.', ' 1', '--1', 'Infinit', '1_0']],
    [
      'Uuid',
      Uuid,
      [
        '',
        '0011',
        '00112233-44554677-8899-aabbccddeeff',
        'g0112233445546778899aabbccddeeff',
        '{00112233445546778899aabbccddeeff}',
      ],
    ],
  ])('%s refuses other texts', (_name, Type, texts) => {
    for (const text of texts) expect(() => new Type(text)).toThrow(InvalidArgumentError);
  });

  it('Decimal takes what Python prints', () => {
    for (const text of ['0', '-0', '+1', '1.', '.5', '1E+3', '1e-400', 'Infinity', '-inf', 'NaN', 'sNaN12', '0E-10']) {
      expect(new Decimal(text).text).toBe(text);
    }
  });
});

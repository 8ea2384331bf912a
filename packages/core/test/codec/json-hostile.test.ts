import { JsonCodec, jsonCodec } from '../../src/codec/json.ts';
import { DecodeError } from '../../src/errors.ts';
import { defaultLimits } from '../../src/codec/limits.ts';
import { pythonText, thrownBy } from './python/fixtures.ts';

const nested = (depth: number, open: string, inner: string, close: string): string =>
  open.repeat(depth) + inner + close.repeat(depth);
const marker = (type: unknown, value: unknown): string => JSON.stringify({ a: [{ __type__: type, __value__: value }] });

describe('behaviour 20: hostile JSON ends in a DecodeError', () => {
  it.each([
    ['nothing', '', 'where the text ends'],
    ['a truncated object', '{"a": [1, {"b": "c', 'at character 16'],
    ['a truncated array', '[1, 2', 'where the text ends'],
    ['a truncated escape', String.raw`"\u00`, 'at character 0'],
    ['text that goes on', '{} {}', 'goes on'],
    ['a trailing comma', '[1,]', 'at character 3'],
    ['a key without quotes', '{a: 1}', 'double quotes'],
    ['a missing colon', '{"a" 1}', 'colon'],
    ['a missing comma', '[1 2]', 'comma or ]'],
    ['single quotes', "['a']", 'at character 1'],
    ['a byte order mark', '\uFEFF{}', 'at character 0'],
    ['a control character in a string', '["a\nb"]', 'at character 1'],
    ['a leading zero', '[01]', 'at character 1'],
    ['a Python literal', '{"a": None}', 'at character 6'],
    ['an unknown marker', marker('set', [1]), '$.a[0] has the unknown __type__ "set"'],
    ['a marker named like a property of all objects', marker('constructor', 1), 'constructor'],
    ['a marker that is no string', marker(['date'], 1), 'object'],
    ['a datetime that is no string', marker('datetime', 1), '$.a[0] is no valid "datetime"'],
    ['a datetime on 30 February', marker('datetime', '2024-02-30T00:00:00+00:00'), 'datetime'],
    ['a datetime with a space', marker('datetime', '2024-02-03 00:00:00+00:00'), 'datetime'],
    ['a date with a time', marker('date', '2024-02-03T00:00:00'), 'date'],
    ['a time of 25 hours', marker('time', '25:00'), 'time'],
    ['a decimal in words', marker('decimal', 'one'), 'decimal'],
    ['a uuid without hex', marker('uuid', '00112233445546778899aabbccddeeff'), 'uuid'],
    ['a uuid of null', marker('uuid', null), 'uuid'],
    ['a uuid with wrong digits', marker('uuid', { hex: 'x'.repeat(32) }), 'uuid'],
    ['bytes that are no text', marker('bytes', [1]), 'bytes'],
    ['bytes with a lone surrogate', marker('bytes', 'a\ud800'), 'surrogate'],
    ['base64 with foreign characters', marker('base64', 'a*b='), 'base64'],
    ['base64 without padding', marker('base64', '/w'), 'base64'],
    ['base64 with line breaks', marker('base64', 'AAAA\nAAAA'), 'base64'],
    ['base64 for URLs', marker('base64', '_w=='), 'base64'],
    ['NaN', pythonText('NaN'), 'NaN at $[0]'],
    ['Infinity', pythonText('Infinity'), 'Infinity at $.a'],
    ['-Infinity', pythonText('-Infinity'), '-Infinity at $.a[1]'],
    ['a number that no double holds', '[-1e999]', 'too large for a double'],
    ['an integer beyond 2^53', pythonText('integer 2^53 + 1'), '$.id is beyond 2^53'],
    ['an integer beyond -2^53', pythonText('integer -2^63'), "bigints: 'bigint'"],
    ['an integer beyond 2^53 at the top', '9007199254740993', '$ is beyond'],
    ['an integer of 5 000 digits', `[${'9'.repeat(5000)}]`, '5000 digits'],
  ])('%s', (_what, text, message) => {
    const error = thrownBy(() => jsonCodec.parse(text));
    expect(error).toBeInstanceOf(DecodeError);
    expect(error.message).toContain(message);
  });

  it.each([
    ['arrays', nested(1e6, '[', '', ']')],
    ['objects', nested(1e6, '{"a":', '1', '}')],
    ['arrays that nobody closes', '['.repeat(1e6)],
    ['arrays behind a string that looks closed', `["\\"",${nested(1e6, '[', '', ']')}]`],
    ['short, but too deep', nested(1001, '[', '', ']')],
    ['too deep around a marker', nested(1000, '[', '{"__type__":"date","__value__":"2024-02-29"}', ']')],
    ['too deep around a large integer', nested(1001, '[', '9007199254740993', ']')],
    ['too deep around NaN', nested(1001, '[', 'NaN', ']')],
  ])('a million levels: %s', (_what, text) => {
    expect(() => jsonCodec.parse(text)).toThrow(expect.objectContaining({ code: 'DECODE_FAILED' }));
    expect(() => jsonCodec.parse(text)).toThrow('deeper than 1000 levels');
  });

  it('reads as many levels as the limit allows, brackets in strings not counted', () => {
    const text = nested(1000, '[', JSON.stringify('[[{"\\'.repeat(30_000)), ']');
    expect(jsonCodec.parse(text)).toBeInstanceOf(Array);
    expect(() => jsonCodec.parse('[[1]]', { ...defaultLimits, maxDepth: 1 })).toThrow(DecodeError);
    expect(jsonCodec.parse('1', { ...defaultLimits, maxDepth: 0 })).toBe(1);
  });

  it('gives a typed error, too, where a limit allows more than the stack', () => {
    const limits = { ...defaultLimits, maxDepth: 1e6 };
    const codec = new JsonCodec({ bigints: 'bigint' });
    expect(() => codec.parse(nested(1e5, '[', '9007199254740993', ']'), limits)).toThrow(DecodeError);
    expect(() => codec.parse(nested(1e5, '[', '"__"', ']'), limits)).toThrow(DecodeError);
  });

  it('refuses a text that is longer than the limit', () => {
    expect(() => jsonCodec.parse('"abc"', { ...defaultLimits, maxBodyBytes: 4 })).toThrow('limits.maxBodyBytes');
    expect(jsonCodec.parse('"ab"', { ...defaultLimits, maxBodyBytes: 4 })).toBe('ab');
  });

  it('does not quote the text of the body', () => {
    const error = thrownBy(() => jsonCodec.parse('{"password": "hunter2", }'));
    expect(`${error.message} ${String(error.cause)}`).not.toContain('hunter2');
  });

  it('cuts off what a stranger can make endless', () => {
    const key = 'k'.repeat(10_000);
    expect(thrownBy(() => jsonCodec.parse(`{"${key}":9007199254740993}`)).message.length).toBeLessThan(500);
    expect(thrownBy(() => jsonCodec.parse(marker(key, 1))).message.length).toBeLessThan(500);
  });
});

describe('prototypes', () => {
  it.each([
    ['plain', '{"a":1,"__proto__":{"polluted":true},"list":[{"__proto__":[]}]}'],
    ['escaped', String.raw`{"a":1,"\u005f_proto\u005f_":{"polluted":true},"list":[{"__pro\u0074o__":null}]}`],
    ['beside a large integer', '{"a":1,"__proto__":{"polluted":12345678901234567890},"list":[{"__proto__":1}]}'],
  ])('drops the key __proto__, %s', (_what, text) => {
    const value = new JsonCodec({ bigints: 'bigint' }).parse(text) as { list: [object] };
    expect(value).toStrictEqual({ a: 1, list: [{}] });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(value.list[0])).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['a', 'list']);
  });

  it('does not take an object for a marker because __proto__ was dropped from it', () => {
    const value = jsonCodec.parse('{"__type__":"x","__value__":1,"__proto__":2}');
    expect(value).toStrictEqual({ __type__: 'x', __value__: 1 });
  });

  it('keeps constructor.prototype as data that touches nothing', () => {
    const text = '{"constructor":{"prototype":{"polluted":true}},"toString":1,"__defineGetter__":2}';
    expect(JSON.stringify(jsonCodec.parse(text))).toBe(text);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('numbers that JavaScript cannot hold, on request', () => {
  const bigints = new JsonCodec({ bigints: 'bigint' });
  const nonFinite = new JsonCodec({ nonFinite: 'number' });

  it('reads integers beyond 2^53 as BigInt and all others as numbers', () => {
    expect(bigints.parse(pythonText('integer 2^53 + 1'))).toEqual({ id: 9007199254740993n });
    expect(bigints.parse(pythonText('integer 10^30'))).toEqual({ id: 10n ** 30n });
    expect(bigints.parse('[9007199254740991, 9007199254740992, 1e20, 123456789012345678.0, -0]')).toEqual([
      9007199254740991,
      9007199254740992n,
      1e20,
      123456789012345680,
      -0,
    ]);
  });

  it('reads them beside markers', () => {
    const text = `[12345678901234567890, ${pythonText('uuid4')}]`;
    expect(bigints.parse(text)).toMatchObject([12345678901234567890n, { hex: '00112233445546778899aabbccddeeff' }]);
  });

  it('refuses integers of more than 4 300 digits, as Python does', () => {
    expect(bigints.parse(`[-${'9'.repeat(4300)}]`)).toEqual([1n - 10n ** 4300n]);
    expect(() => bigints.parse(`[${'9'.repeat(4301)}]`)).toThrow(DecodeError);
    expect(() => nonFinite.parse(`[${'9'.repeat(400)}]`)).toThrow('beyond 2^53');
  });

  it('reads NaN and Infinity', () => {
    expect(nonFinite.parse(pythonText('NaN'))).toEqual([Number.NaN]);
    expect(nonFinite.parse(pythonText('-Infinity'))).toEqual({ a: [0, Number.NEGATIVE_INFINITY] });
    expect(nonFinite.parse('[1e999]')).toEqual([Number.POSITIVE_INFINITY]);
  });

  it('takes the options of one text over those of the codec', () => {
    expect(
      jsonCodec.parse('[NaN, 9007199254740993]', defaultLimits, { bigints: 'bigint', nonFinite: 'number' }),
    ).toEqual([Number.NaN, 9007199254740993n]);
    expect(() => nonFinite.parse('[NaN]', defaultLimits, {})).toThrow(DecodeError);
  });
});

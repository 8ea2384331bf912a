import { Decimal } from '@kombu/core';
import { DecodeError, EncodeError } from '@kombu/core/spi';
import * as fc from 'fast-check';
import { FieldTableReader } from '../../src/wire/field-table-reader.ts';
import { writeFieldTable } from '../../src/wire/field-table-writer.ts';
import { WriteBuffer } from '../../src/wire/write-buffer.ts';

type Table = Record<string, unknown>;

function written(table: Table): Buffer {
  const out = new WriteBuffer();
  writeFieldTable(out, table);
  return out.take();
}

const read = (bytes: Buffer): Table => new FieldTableReader(bytes, 0).readTable();

/** Integers beyond 53 bits come back as bigint, and there is no integer -0. */
const isKept = (value: number): boolean =>
  !Object.is(value, -0) && (!Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value) >= 2 ** 63);

/** A table of one value under the key `k`, as it stands on the wire. */
const one = (value: string): Buffer => {
  const entry = Buffer.from(`016b${value.replaceAll(' ', '')}`, 'hex');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(entry.length);
  return Buffer.concat([length, entry]);
};

describe('header tables', () => {
  // The right column is what py-amqp writes for the same value.
  it.each<[string, unknown, string]>([
    ['text', 'grüße', '53 00000007 6772c3bcc39f65'],
    ['an empty text', '', '53 00000000'],
    ['a small number, never as b', 5, '49 00000005'],
    ['a negative number, never as b', -5, '49 fffffffb'],
    ['a number of 16 bits, never as s', 300, '49 0000012c'],
    ['the largest int32', 2 ** 31 - 1, '49 7fffffff'],
    ['the smallest int32', -(2 ** 31), '49 80000000'],
    ['true', true, '74 01'],
    ['false', false, '74 00'],
    ['null', null, '56'],
    ['a fraction', 0.5, '64 3fe0000000000000'],
    ['a date', new Date(1_700_000_000_000), '54 000000006553f100'],
    ['a decimal', new Decimal('1.25'), '44 02 0000007d'],
    ['a negative decimal', new Decimal('-0.5'), '44 01 fffffffb'],
    ['a list', [1, 'a'], '41 0000000b 49 00000001 53 00000001 61'],
    ['an object', { a: null }, '46 00000003 01 61 56'],
    ['bytes', Buffer.from([0, 255]), '78 00000002 00ff'],
    ['a large negative number', -(2 ** 40), '4c ffffff0000000000'],
  ])('are golden for %s', (_, value, bytes) => {
    expect(written({ k: value }).toString('hex')).toBe(one(bytes).toString('hex'));
    expect(read(one(bytes))).toEqual({ k: value });
  });

  it('write large positive integers in the type that all clients know', () => {
    expect(written({ k: 2 ** 40 })).toEqual(one('6c 0000010000000000'));
    expect(written({ k: 2n ** 63n - 1n })).toEqual(one('6c 7fffffffffffffff'));
  });

  it('write integers beyond 64 bits as doubles, and refuse bigints that would change', () => {
    expect(read(written({ k: 2 ** 70 }))).toEqual({ k: 2 ** 70 });
    expect(() => written({ k: 2n ** 63n })).toThrow(EncodeError);
  });

  it.each<[string, string, unknown]>([
    ['L, as py-amqp writes integers beyond 32 bits', '4c 0000010000000000', 2 ** 40],
    ['an L that no double holds', '4c 7fffffffffffffff', 2n ** 63n - 1n],
    ['l', '6c ffffff0000000000', -(2 ** 40)],
    ['b as signed', '62 ff', -1],
    ['B as unsigned', '42 ff', 255],
    ['s as a signed 16-bit number', '73 ff00', -256],
    ['u', '75 ff00', 0xff_00],
    ['i', '69 ffffffff', 2 ** 32 - 1],
    ['f', '66 3f000000', 0.5],
    ['a decimal without places', '44 00 00000005', new Decimal('5')],
  ])('read %s', (_, bytes, value) => {
    expect(read(one(bytes))).toEqual({ k: value });
  });

  it('leave out what is undefined, as JSON does', () => {
    expect(read(written({ a: undefined, b: 1, c: [undefined] }))).toEqual({ b: 1, c: [null] });
  });

  it.each<[string, unknown]>([
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
    ['a map', new Map()],
    ['a date before 1970', new Date(-1000)],
    ['no date', new Date(Number.NaN)],
    ['a decimal of too many digits', new Decimal('12345678901')],
    ['a decimal that is no number', new Decimal('NaN')],
  ])('refuse %s, and name the header', (_, value) => {
    expect(() => written({ strange: value })).toThrow(EncodeError);
    expect(() => written({ strange: [value] })).toThrow(/'strange'/);
  });

  it('refuse a value that contains itself', () => {
    const list: unknown[] = [];
    list.push(list);
    const table: Table = {};
    table['self'] = table;
    expect(() => written({ list })).toThrow(EncodeError);
    expect(() => written(table)).toThrow(EncodeError);
  });

  it('refuse a name of more than 255 bytes', () => {
    expect(() => written({ ['ü'.repeat(128)]: 1 })).toThrow('may have 255 bytes at most, not 256');
  });

  it('come back as they were', () => {
    const leaf = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter(isKept),
      fc.boolean(),
      fc.constant(null),
      fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000)),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
      fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    );
    const key = fc.string({ maxLength: 40 }).filter((name) => name !== '__proto__');
    const { table } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, leaf, tie('table'), fc.array(tie('value'), { maxLength: 4 })),
      table: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    }));
    fc.assert(
      fc.property(table, (value) => {
        expect(read(written(value as Table))).toEqual(value);
      }),
    );
  });

  it('never harm the reader, whatever the bytes: a table or a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          read(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
        expect(({} as Table)['polluted']).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('are refused wherever they are cut off', () => {
    const whole = written({ text: 'abc', list: [1, { deep: new Date(0) }], bytes: Buffer.from('x'), big: 2 ** 40 });
    for (let length = 0; length < whole.length; length++) {
      expect(() => read(whole.subarray(0, length))).toThrow(DecodeError);
    }
  });

  it('cannot reach beyond the table around them', () => {
    // An inner table that claims more than the outer one has, with bytes behind that would fit.
    const bytes = Buffer.concat([one('46 00000010 01 61 56'), Buffer.alloc(32)]);
    expect(() => read(bytes)).toThrow(DecodeError);
  });

  it('are refused when they are nested deeper than anybody needs', () => {
    const levels = 20_000;
    const bytes: Buffer[] = [];
    for (let level = levels; level > 0; level--) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE((level - 1) * 7);
      bytes.push(length);
      if (level > 1) bytes.push(Buffer.from('016146', 'hex'));
    }
    expect(() => read(Buffer.concat(bytes))).toThrow(DecodeError);
  });

  it('with a header named __proto__ change no prototype', () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as Table;
    const headers = read(written(hostile));
    expect(headers['polluted']).toBeUndefined();
    expect(headers['constructor']).toBe(1);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });
});

import { DecodeError, defaultLimits, SerializerRegistry } from '@kombu/core';
import * as fc from 'fast-check';
import { msgpackSerializer } from '../src/index.ts';

const registry = new SerializerRegistry();
registry.register(msgpackSerializer);
const read = (body: Buffer, limits = defaultLimits): unknown =>
  registry.loads(body, 'application/x-msgpack', 'binary', { limits });
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const body = registry.dumps({ a: [1, 'wörld', 2.5, Buffer.from('x'), new Date(1), 2n ** 60n], b: {} }, 'msgpack').body;

describe('hostile bodies end in a DecodeError', () => {
  it.each([
    ['an unused first byte', 'c1', 'no value begins with 0xc1'],
    ['two values', '0101', '1 bytes follow the value'],
    ['an array without its items', 'dd ffffffff', '4294967295 items are announced, and 0 bytes are left'],
    ['nested arrays without their items', 'dc ffff dc ffff', 'items are announced'],
    ['a map with half of its items', '82 a161 01 a162', 'ends too early'],
    ['a map without its items', 'df ffffffff', '4294967295 items'],
    ['text that ends early', 'db ffffffff 61', 'ends too early'],
    ['bytes that end early', 'c6 ffffffff 61', 'ends too early'],
    ['an extension that ends early', 'c9 ffffffff 05', 'ends too early'],
    ['text that is not UTF-8', 'a1 ff', 'not valid UTF-8'],
    ['a surrogate', 'a3 eda080', 'not valid UTF-8'],
    ['a key that is a number', '81 01 02', 'a key of a map is not a string'],
    ['a key that is bytes', '81 c40161 02', 'a key of a map is not a string'],
    ['a key that is an array', '81 90 02', 'a key of a map is not a string'],
    ['a timestamp of 5 bytes', 'c7 05 ff 0000000000', 'a timestamp of 5 bytes'],
    ['a timestamp beyond all dates', 'c7 0c ff 00000000 7fffffffffffffff', 'out of range'],
    ['a timestamp with too many nanoseconds', 'd7 ff ffffffff 00000000', 'out of range'],
    ['an extension that MessagePack has not defined', 'd4 fe 00', 'the extension type -2 is unknown'],
  ])('%s', (_, text, message) => {
    expect(() => read(hex(text))).toThrow(DecodeError);
    expect(() => read(hex(text))).toThrow(message);
  });

  it('a body that was cut anywhere', () => {
    for (let length = 1; length < body.length; length++) {
      expect(() => read(body.subarray(0, length))).toThrow(DecodeError);
    }
    expect(read(body)).toMatchObject({ b: {} });
  });

  it('a body that nests a million levels', () => {
    for (const first of [0x91, 0x81]) {
      const deep = Buffer.alloc(1_000_000, first === 0x91 ? hex('91') : hex('81 a161'));
      expect(() => read(deep)).toThrow('deeper than 1000 levels (limits.maxDepth)');
    }
    const levels = Buffer.concat([Buffer.alloc(1000, 0x91), hex('01')]);
    expect(() => read(levels)).not.toThrow();
    expect(() => read(levels, { ...defaultLimits, maxDepth: 999 })).toThrow(DecodeError);
  });

  it('a body whose values take more memory than JSON could', () => {
    const limits = { ...defaultLimits, maxBodyBytes: 3000 };
    const empty = (count: number): Buffer =>
      Buffer.concat([hex('dc'), Buffer.of(count >> 8, count & 255), Buffer.alloc(count, 0x80)]);
    expect(read(empty(999), limits)).toHaveLength(999);
    expect(() => read(empty(1000), limits)).toThrow('more values than JSON of 3000 bytes could (limits.maxBodyBytes)');
    const nulls = Buffer.concat([hex('dc 05db'), Buffer.alloc(0x5db, 0xc0)]);
    expect(() => read(nulls, limits)).toThrow(DecodeError);
    expect(() => read(Buffer.alloc(3001, 0x91), limits)).toThrow('3001 bytes');
  });

  it('reserves nothing for what is only announced', () => {
    // Each of these arrays announces as many items as bytes are left.
    const size = 4_000_000;
    const bomb = Buffer.alloc(size, 0xc0);
    for (let level = 0; level < 900; level++) {
      bomb[level * 5] = 0xdd;
      bomb.writeUInt32BE(size - (level + 1) * 5 - 1, level * 5 + 1);
    }
    const before = process.resourceUsage().maxRSS;
    expect(() => read(bomb)).toThrow(DecodeError);
    // In kilobytes.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(200_000);
  });

  it('a key __proto__ changes no prototype', () => {
    const value = read(hex('82 a95f5f70726f746f5f5f 81 a178 01 a161 01')) as { x?: number };
    expect(value).toStrictEqual({ a: 1 });
    expect(value.x).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    const other = read(hex('81 ab636f6e7374727563746f72 81 a970726f746f74797065 01')) as object;
    expect(Object.keys(other)).toEqual(['constructor']);
    expect(Object.hasOwn(other, 'constructor')).toBe(true);
  });

  it('whatever it is given, it gives a value or a DecodeError', () => {
    const change = fc.record({ at: fc.nat(body.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(change, { maxLength: 3 }), (noise, changes) => {
        const damaged = Buffer.from(body);
        for (const { at, byte } of changes) damaged[at] = byte;
        for (const hostile of [damaged, Buffer.from(noise)]) {
          try {
            read(hostile);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

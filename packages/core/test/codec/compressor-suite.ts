import { readFileSync, writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { CompressorRegistry } from '../../src/codec/compression.ts';
import type { Compressor } from '../../src/codec/compressor.ts';
import { defaultLimits } from '../../src/codec/limits.ts';
import { DecodeError } from '../../src/errors.ts';
import { itWithPython, runPython } from './python/interpreter.ts';
import { thrownBy } from './python/fixtures.ts';

/** A plain body, given as bytes that are repeated, and the same compressed. */
export interface GoldenCase {
  readonly name: string;
  readonly unit: string;
  readonly times: number;
  readonly contentType?: string;
  readonly base64: string;
}

export interface CompressorSubject {
  readonly compressor: Compressor;
  /** The folder of `python.json`, which `make.py` made, and of `ours.json`, which is made by KOMBU_GOLDEN=write. */
  readonly golden: URL;
  /** Does it write the same bytes as Python? */
  readonly identical: boolean;
  /** Bodies that decompress to a gigabyte or more. */
  readonly bombs: readonly (readonly [name: string, make: () => Buffer])[];
  /** May the body be followed by itself? */
  readonly concatenates: boolean;
}

const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64');
const plainOf = ({ unit, times }: GoldenCase): Buffer => Buffer.concat(Array<Buffer>(times).fill(bytes(unit)));

/** What every compressor has to do, and what it must not be brought to do. */
export function describeCompressor({ compressor, golden, identical, bombs, concatenates }: CompressorSubject): void {
  const name = compressor.aliases[0] ?? compressor.contentType;
  const registry = new CompressorRegistry();
  registry.register(compressor);
  const fromPython = (JSON.parse(readFileSync(new URL('python.json', golden), 'utf8')) as { cases: GoldenCase[] })
    .cases;
  const plain = Buffer.from('{"hello": "world", "again": "world world world"}');
  const { body } = registry.compress(plain, name);

  describe(`${name}: golden bytes`, () => {
    const written = fromPython.filter(({ contentType }) => contentType !== undefined);
    const ours = written.map(({ name: title, unit, times, contentType }) => ({
      name: title,
      unit,
      times,
      contentType,
      base64: compressor.compress(plainOf({ name: title, unit, times, base64: '' })).toString('base64'),
    }));

    it.each(fromPython.map((one) => [one.name, one] as const))('reads what Python wrote: %s', (_, one) => {
      expect(registry.decompress(bytes(one.base64), name).equals(plainOf(one))).toBe(true);
    });

    it('names the same content type', () => {
      expect(new Set(written.map(({ contentType }) => contentType))).toEqual(new Set([compressor.contentType]));
    });

    it('writes the bytes of ours.json', () => {
      const file = new URL('ours.json', golden);
      if (process.env['KOMBU_GOLDEN'] === 'write') writeFileSync(file, `${JSON.stringify(ours, null, 2)}\n`);
      expect(ours).toEqual(JSON.parse(readFileSync(file, 'utf8')));
    });

    it(`writes ${identical ? 'the same bytes as' : 'about as much as'} Python`, () => {
      for (const [index, { base64 }] of written.entries()) {
        const own = ours[index]?.base64 ?? '';
        if (identical) expect(own).toBe(base64);
        else expect(own.length).toBeLessThanOrEqual(1.1 * base64.length);
      }
    });

    itWithPython('Python reads what is written here', () => {
      expect(ours.length).toBeGreaterThan(3);
      expect(runPython(new URL('python/check_compressed.py', import.meta.url), ours)).toEqual([]);
    });
  });

  describe(`${name}: round trips`, () => {
    it('gives back what it was given, under every name', () => {
      fc.assert(
        fc.property(fc.uint8Array({ size: 'large' }), fc.nat(20), (array, times) => {
          const original = Buffer.concat(Array<Uint8Array>(times).fill(array));
          const compressed = registry.compress(original, name);
          for (const title of [compressed.contentType, ...compressor.aliases]) {
            expect(registry.decompress(compressed.body, title).equals(original)).toBe(true);
          }
        }),
        { numRuns: 30 },
      );
    });

    it('leaves its input as it is, and its output alone', () => {
      const input = Buffer.from(plain);
      const first = compressor.compress(input);
      const result = compressor.decompress(first, 1000);
      compressor.decompress(compressor.compress(Buffer.alloc(100_000, 1)), 100_000);
      expect(input).toEqual(plain);
      expect(result).toEqual(plain);
      expect(first).toEqual(body);
    });

    it('works after errors as before', () => {
      for (let round = 0; round < 20; round++) expect(() => registry.decompress(plain, name)).toThrow(DecodeError);
      expect(registry.decompress(body, name)).toEqual(plain);
    });
  });

  describe(`${name}: hostile bodies`, () => {
    it('refuses a body that was cut anywhere', () => {
      for (let length = 0; length < body.length; length++) {
        expect(() => registry.decompress(body.subarray(0, length), name)).toThrow(DecodeError);
      }
    });

    it.each([
      ['text', Buffer.from('garbage')],
      ['a zero', Buffer.alloc(1)],
      ['a part of itself', body.subarray(0, -1)],
      ['its own header', body.subarray(0, 4)],
    ])('refuses a body that is followed by %s', (_, tail) => {
      expect(() => registry.decompress(Buffer.concat([body, tail]), name)).toThrow(DecodeError);
    });

    if (concatenates) {
      it('reads bodies in a row', () => {
        const twice = registry.decompress(Buffer.concat([body, body]), name);
        expect(twice).toEqual(Buffer.concat([plain, plain]));
      });
    }

    it.each([
      ['nothing', Buffer.alloc(0)],
      ['text', plain],
      ['zeros', Buffer.alloc(1000)],
      ['a damaged header', Buffer.from(body).fill(0xff, 0, 2)],
    ])('refuses %s', (_, foreign) => {
      expect(() => registry.decompress(foreign, name)).toThrow(DecodeError);
    });

    it('ends in a result or a DecodeError, whatever is changed', () => {
      const change = fc.record({ at: fc.nat(body.length - 1), byte: fc.nat(255) });
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
          const damaged = Buffer.from(body);
          for (const { at, byte } of changes) damaged[at] = byte;
          try {
            expect(registry.decompress(damaged, name)).toBeInstanceOf(Buffer);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        }),
        { numRuns: 300 },
      );
    });

    it.each(bombs)('stops a bomb at the limit: %s', (_, make) => {
      const bomb = make();
      const limits = { ...defaultLimits, maxDecompressedBytes: 4 * 1024 * 1024 };
      expect(bomb.length).toBeLessThan(limits.maxDecompressedBytes);
      const before = process.resourceUsage().maxRSS;
      const error = thrownBy(() => registry.decompress(bomb, name, limits));
      expect(error).toBeInstanceOf(DecodeError);
      expect(error.message).toContain('more than 4194304 bytes (limits.maxDecompressedBytes)');
      // In kilobytes: far below the gigabyte that was asked for.
      expect(process.resourceUsage().maxRSS - before).toBeLessThan(100_000);
    });

    it('gives exactly as much as the limit allows', () => {
      const megabyte = Buffer.alloc(1024 * 1024, 'abc');
      const compressed = registry.compress(megabyte, name).body;
      const upTo = (maxDecompressedBytes: number): Buffer =>
        registry.decompress(compressed, name, { ...defaultLimits, maxDecompressedBytes });
      expect(upTo(megabyte.length).equals(megabyte)).toBe(true);
      expect(upTo(Infinity).equals(megabyte)).toBe(true);
      expect(() => upTo(megabyte.length - 1)).toThrow('limits.maxDecompressedBytes');
      expect(() => upTo(0)).toThrow('limits.maxDecompressedBytes');
    });
  });
}

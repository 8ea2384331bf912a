import * as zlib from 'node:zlib';
import { describeCompressor } from '../../core/test/codec/compressor-suite.ts';
import { lzmaCompressor } from '../src/index.ts';

const limit = 1024 * 1024;
const megabytes = Buffer.alloc(6 * 1024 * 1024);

describeCompressor({
  compressor: lzmaCompressor,
  golden: new URL('golden/', import.meta.url),
  identical: false,
  concatenates: true,
  bombs: [
    ['streams in a row', () => Buffer.concat(Array<Buffer>(171).fill(lzmaCompressor.compress(megabytes)))],
    [
      'small streams in a row',
      () => Buffer.concat(Array<Buffer>(8192).fill(lzmaCompressor.compress(megabytes.subarray(0, 128 * 1024)))),
    ],
  ],
});

describe('lzma: what the header of a block says', () => {
  const flags = 1;
  const filter = 2;
  const dictionary = 4;

  it.each([
    ['4 KiB', 0],
    ['4 GiB', 40],
  ])('takes no memory for a dictionary of %s', (_, code) => {
    const before = process.resourceUsage().maxRSS;
    expect(lzmaCompressor.decompress(changed(dictionary, code), limit).toString()).toBe('hello');
    // In kilobytes.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(50_000);
  });

  it.each([
    ['a dictionary of no size', dictionary, 41],
    ['a filter for machine code', filter, 0x04],
    ['an unknown filter', filter, 0x20],
    ['two filters', flags, 0x01],
    ['a reserved flag', flags, 0x04],
  ])('refuses %s', (_, position, value) => {
    expect(() => lzmaCompressor.decompress(changed(position, value), limit)).toThrow('filters that are not supported');
  });

  it('refuses the old .lzma format, as nobody sends it', () => {
    const alone = Buffer.from('5d00000004ffffffffffffffff0083fffbffffc0000000', 'hex');
    expect(() => lzmaCompressor.decompress(alone, limit)).toThrow('no .xz file');
  });
});

describe('lzma: data of all kinds', () => {
  const text = Buffer.from(
    Array.from({ length: 10_000 }, (_, index) => `{"id":${index * 7919},"n":${index % 13}}`).join(),
  );
  const noise = Buffer.alloc(80_000);
  for (let index = 0, state = 1; index < noise.length; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    noise[index] = state >>> 24;
  }

  it.each([
    ['text of several chunks', text],
    ['what cannot be compressed', noise],
    ['what cannot be compressed, before and after text', Buffer.concat([noise, text, noise, text])],
    ['a chunk of the largest size, and more', Buffer.alloc(2 ** 21 + 1, 'abcdefg')],
    ['a distance of more than a megabyte', Buffer.concat([noise, Buffer.alloc(1_100_000), noise])],
  ])('comes back: %s', (_, body) => {
    const compressed = lzmaCompressor.compress(body);
    expect(lzmaCompressor.decompress(compressed, body.length).equals(body)).toBe(true);
    expect(compressed.length).toBeLessThan(body.length + 200);
  });
});

/** The same stream, with another byte in the header of its first block. */
function changed(position: number, value: number): Buffer {
  const stream = Buffer.from(lzmaCompressor.compress(Buffer.from('hello')));
  const start = 12;
  const end = start + ((stream[start] ?? 0) + 1) * 4;
  stream[start + position] = value;
  // In Node 20, but not in the types.
  const { crc32 } = zlib as unknown as { readonly crc32: (data: Buffer) => number };
  stream.writeUInt32LE(crc32(stream.subarray(start, end - 4)), end - 4);
  return stream;
}

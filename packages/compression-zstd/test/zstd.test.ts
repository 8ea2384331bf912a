import { readFileSync } from 'node:fs';
import type { GoldenCase } from '../../core/test/codec/compressor-suite.ts';
import { describeCompressor } from '../../core/test/codec/compressor-suite.ts';
import { zstdCompressor } from '../src/index.ts';

const golden = new URL('golden/', import.meta.url);
const megabyte = Buffer.alloc(1024 * 1024);
const limit = 1024 * 1024;

/** A frame that says nothing of its size, or what `size` says, with blocks of 128 KiB, each a repeated zero byte. */
function frame(blocks: number, size?: number): Buffer {
  const magic = Buffer.from('28b52ffd', 'hex');
  // A window of a megabyte; the size in four bytes.
  const header = size === undefined ? Buffer.from([0x00, 0x50]) : Buffer.from([0x80, 0x50, 0, 0, 0, 0]);
  if (size !== undefined) header.writeUInt32LE(size, 2);
  const block = Buffer.from([0x02, 0x00, 0x10, 0x00]);
  const last = Buffer.from([0x03, 0x00, 0x10, 0x00]);
  return Buffer.concat([magic, header, ...Array<Buffer>(blocks - 1).fill(block), last]);
}

const gigabyte = 8192;

describeCompressor({
  compressor: zstdCompressor,
  golden,
  identical: true,
  concatenates: true,
  bombs: [
    ['a frame that tells its size', () => frame(gigabyte, 2 ** 30)],
    ['a frame that does not', () => frame(gigabyte)],
    ['a frame that claims four gigabytes, which read as none', () => wrapped],
    ['frames in a row', () => Buffer.concat(Array<Buffer>(1024).fill(zstdCompressor.compress(megabyte)))],
  ],
});

/** Its size has eight bytes, the lower four are zero. */
const wrapped = Buffer.concat([
  Buffer.from('28b52ffdc050', 'hex'),
  Buffer.from('0000000001000000', 'hex'),
  frame(gigabyte).subarray(6),
]);

describe('zstd: frames that lie', () => {
  it('reads the frames of this test', () => {
    expect(zstdCompressor.decompress(frame(3), limit).equals(Buffer.alloc(3 * 128 * 1024))).toBe(true);
    expect(zstdCompressor.decompress(frame(3, 3 * 128 * 1024), limit)).toHaveLength(3 * 128 * 1024);
  });

  it.each([
    ['less than there is', frame(3, 1000)],
    ['more than there is', frame(3, limit)],
    ['nothing', frame(3, 0)],
  ])('refuses one that claims %s', (_, body) => {
    expect(() => zstdCompressor.decompress(body, limit)).toThrow(/corrupt|larger|too early/);
  });

  it('refuses a wrong checksum', () => {
    const checked = Buffer.from(pythonBody('with a checksum'));
    checked.writeUInt8((checked.at(-1) ?? 0) ^ 1, checked.length - 1);
    expect(() => zstdCompressor.decompress(checked, limit)).toThrow('checksum does not match');
  });

  it('refuses a frame that needs a dictionary', () => {
    const plain = zstdCompressor.compress(Buffer.from('hello'));
    expect(plain[4]).toBe(0x20);
    const id = 7;
    const withDictionary = Buffer.concat([plain.subarray(0, 4), Buffer.from([0x21, id]), plain.subarray(5)]);
    expect(() => zstdCompressor.decompress(withDictionary, limit)).toThrow('needs a dictionary');
  });
});

function pythonBody(name: string): Buffer {
  const { cases } = JSON.parse(readFileSync(new URL('python.json', golden), 'utf8')) as {
    cases: readonly GoldenCase[];
  };
  return Buffer.from(cases.find((one) => one.name === name)?.base64 ?? '', 'base64');
}

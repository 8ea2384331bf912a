import { readFileSync } from 'node:fs';
import { describeCompressor } from '../../core/test/codec/compressor-suite.ts';
import { bzip2Compressor } from '../src/index.ts';
import { streamEnds } from '../src/stream-ends.ts';
import { bitsOf, bytesOf, withMark } from './bits.ts';

const golden = new URL('golden/', import.meta.url);
const { bomb } = JSON.parse(readFileSync(new URL('python.json', golden), 'utf8')) as { bomb: string };
const megabyte = Buffer.alloc(1024 * 1024);
const limit = 1024 * 1024;

describeCompressor({
  compressor: bzip2Compressor,
  golden,
  identical: true,
  concatenates: true,
  bombs: [
    ['one stream', () => Buffer.from(bomb, 'base64')],
    ['streams in a row', () => Buffer.concat(Array<Buffer>(1024).fill(bzip2Compressor.compress(megabyte)))],
  ],
});

describe('bzip2: the end of a stream', () => {
  const mark = '177245385090';

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('is found %i bits into a byte', (shift) => {
    const before = '0'.repeat(32 + shift);
    const checksum = '1'.repeat(32);
    const stream = bytesOf(before + bitsOf(Buffer.from(mark, 'hex')) + checksum);
    expect([...streamEnds(stream, 0)]).toEqual([stream.length]);
    expect([...streamEnds(Buffer.concat([Buffer.alloc(5), stream]), 5)]).toEqual([stream.length + 5]);
    expect([...streamEnds(stream.subarray(0, -1), 0)]).toEqual([]);
  });

  it('is not found in the header, and not before the start', () => {
    const marks = Buffer.from(mark + mark, 'hex');
    expect([...streamEnds(Buffer.concat([marks, Buffer.alloc(4)]), 0)]).toEqual([16]);
    expect([...streamEnds(Buffer.concat([marks, Buffer.alloc(4)]), 3)]).toEqual([]);
  });

  it('may look as if it came sooner', () => {
    const plain = Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * index * 31) % 251));
    const stream = withMark(bzip2Compressor.compress(plain));
    expect([...streamEnds(stream, 0)]).toHaveLength(2);
    expect(bzip2Compressor.decompress(stream, limit)).toEqual(plain);
    const twice = bzip2Compressor.decompress(Buffer.concat([stream, stream]), limit);
    expect(twice).toEqual(Buffer.concat([plain, plain]));
    const cut = stream.subarray(0, -1);
    expect(() => bzip2Compressor.decompress(cut, limit)).toThrow('ends too early');
  });
});

it('does not start a decoder for each of a million empty streams', () => {
  const empty = bzip2Compressor.compress(Buffer.alloc(0));
  const tenThousand = Buffer.concat(Array<Buffer>(10_000).fill(empty));
  expect(bzip2Compressor.decompress(tenThousand, limit)).toHaveLength(0);
  expect(() => bzip2Compressor.decompress(Buffer.concat([tenThousand, empty]), limit)).toThrow('10000 streams');
});

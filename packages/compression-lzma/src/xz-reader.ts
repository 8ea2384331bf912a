import { checks, crc32 } from './checksums.ts';
import type { Check } from './checksums.ts';
import { decodeLzma2 } from './lzma2-decoder.ts';
import type { Output } from './output.ts';
import { endMagic, FieldReader, lzma2Filter, magic, padding } from './xz-format.ts';

/** The sizes of a block, as the index states them again. */
interface BlockSizes {
  readonly unpadded: number;
  readonly uncompressed: number;
}

/** The largest number for the size of a dictionary: 4 GiB. */
const largestDictionary = 40;

/** Decompresses the stream that begins at `start`, and gives back where it ends. */
export function readStream(data: Buffer, start: number, output: Output): number {
  const reader = new FieldReader(data, start);
  if (!reader.take(magic.length).equals(magic)) {
    throw new Error(start > 0 ? `${data.length - start} bytes follow the compressed data` : 'the data is no .xz file');
  }
  const flags = reader.take(2);
  reader.expect(crc32(flags), "the checksum of the stream's header");
  const check = checks.get(flags.readUInt8(1));
  if (flags[0] !== 0 || !check) throw new Error('the data has a checksum of an unknown kind');
  const blocks: BlockSizes[] = [];
  while (data[reader.index] !== 0) blocks.push(readBlock(reader, check, output));
  const indexSize = readIndex(reader, blocks);
  readFooter(reader, indexSize, flags);
  return reader.index;
}

function readBlock(reader: FieldReader, check: Check, output: Output): BlockSizes {
  const { index: start } = reader;
  const stated = readBlockHeader(reader);
  const { index: dataStart } = reader;
  const { length: outputStart } = output;
  reader.index = decodeLzma2(reader.data, dataStart, output);
  const compressed = reader.index - dataStart;
  const uncompressed = output.length - outputStart;
  if ((stated.compressed ?? compressed) !== compressed || (stated.uncompressed ?? uncompressed) !== uncompressed) {
    throw new Error('the data is corrupt: a block has another size than it states');
  }
  reader.expect(padding(compressed), 'the padding of a block');
  reader.expect(check.of(output.since(outputStart)), 'the checksum');
  return { unpadded: dataStart - start + compressed + check.size, uncompressed };
}

function readBlockHeader(reader: FieldReader): { compressed: number | undefined; uncompressed: number | undefined } {
  const { index: start, data } = reader;
  const end = start + (reader.byte() + 1) * 4;
  const flags = reader.byte();
  if ((flags & 0x3f) !== 0) throw unsupported();
  const compressed = (flags & 0x40) === 0 ? undefined : reader.integer();
  const uncompressed = (flags & 0x80) === 0 ? undefined : reader.integer();
  const filter = reader.integer();
  const properties = reader.take(reader.integer());
  if (filter !== lzma2Filter || properties.length !== 1) throw unsupported();
  if (properties.readUInt8() > largestDictionary) throw unsupported();
  const zeros = end - 4 - reader.index;
  if (zeros < 0) throw new Error('the data is corrupt: the header of a block is too short');
  reader.expect(Buffer.alloc(zeros), 'the padding of a header');
  reader.expect(crc32(data.subarray(start, end - 4)), 'the checksum of a header');
  return { compressed, uncompressed };
}

/** Gives back the size of the index. */
function readIndex(reader: FieldReader, blocks: readonly BlockSizes[]): number {
  const { index: start, data } = reader;
  const isRight =
    reader.byte() === 0 &&
    reader.integer() === blocks.length &&
    blocks.every((block) => reader.integer() === block.unpadded && reader.integer() === block.uncompressed);
  if (!isRight) throw new Error('the data is corrupt: the index does not fit the blocks');
  reader.expect(padding(reader.index - start), 'the padding of the index');
  reader.expect(crc32(data.subarray(start, reader.index)), 'the checksum of the index');
  return reader.index - start;
}

function readFooter(reader: FieldReader, indexSize: number, flags: Buffer): void {
  const sum = reader.take(4);
  const { index: start } = reader;
  const backwardSize = (reader.take(4).readUInt32LE() + 1) * 4;
  reader.expect(flags, 'what the end says of the checksums');
  const isRight = sum.equals(crc32(reader.data.subarray(start, reader.index)));
  if (!isRight || backwardSize !== indexSize) throw new Error('the data is corrupt: the end of the stream is wrong');
  reader.expect(endMagic, 'the end of the stream');
}

const unsupported = (): Error => new Error('the data uses filters that are not supported: only LZMA2 is');

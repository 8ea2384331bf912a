import { crc32, crc64, crc64Number } from './checksums.ts';
import { encodeLzma2 } from './lzma2-encoder.ts';
import { encodeInteger, endMagic, lzma2Filter, magic, padding, withCrc32 } from './xz-format.ts';

/** The number of a dictionary of 8 MiB, which Python's preset 6 has. */
const largestDictionary: number = 22;

const flags = Buffer.from([0, crc64Number]);

/** Compresses a body to a stream with one block, or none if the body is empty. */
export function writeStream(body: Buffer): Buffer {
  const blocks = body.length === 0 ? [] : [writeBlock(body)];
  const records = blocks.map(({ unpadded }) => Buffer.concat([encodeInteger(unpadded), encodeInteger(body.length)]));
  const list = Buffer.concat([Buffer.alloc(1), encodeInteger(records.length), ...records]);
  const index = withCrc32(list, padding(list.length));
  const end = Buffer.alloc(4);
  end.writeUInt32LE(index.length / 4 - 1);
  const footer = Buffer.concat([end, flags]);
  return Buffer.concat([
    Buffer.concat([magic, flags, crc32(flags)]),
    ...blocks.map(({ bytes }) => bytes),
    index,
    Buffer.concat([crc32(footer), footer, endMagic]),
  ]);
}

function writeBlock(body: Buffer): { readonly bytes: Buffer; readonly unpadded: number } {
  const { number, size } = dictionaryFor(body.length);
  // The first byte: the header has 12 bytes. One filter; its number, the size of its properties, the property; zeros.
  const header = withCrc32(Buffer.from([12 / 4 - 1, 0, lzma2Filter, 1, number, 0, 0, 0]));
  const data = encodeLzma2(body, size);
  const sum = crc64(body);
  const bytes = Buffer.concat([header, data, padding(data.length), sum]);
  return { bytes, unpadded: header.length + data.length + sum.length };
}

/** The smallest dictionary that holds the body. Even numbers are powers of two, odd ones half as much again. */
function dictionaryFor(length: number): { readonly number: number; readonly size: number } {
  for (let number = 0; ; number++) {
    const size = (2 | (number & 1)) * 2 ** (Math.floor(number / 2) + 11);
    if (size >= length || number === largestDictionary) return { number, size };
  }
}

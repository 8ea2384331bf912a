import { LzmaEncoder, properties, propertiesByte } from './lzma-encoder.ts';
import { LzmaModel } from './lzma-model.ts';
import { LzmaParser } from './lzma-parser.ts';
import { MatchFinder } from './match-finder.ts';
import { RangeEncoder } from './range-encoder.ts';

const largestChunk = 2 ** 21;
const largestCompressed = 2 ** 16;
/** More than a symbol can take. */
const reserve = 64;

/** What the reader of a chunk has to forget: the beginning of its first byte. */
const forget = { dictionary: 0xe0, properties: 0xc0, state: 0xa0, nothing: 0x80 } as const;
const uncompressed = { first: 1, other: 2 } as const;

/** Encodes all data as chunks of LZMA2, with the end behind them. */
export function encodeLzma2(data: Buffer, dictionarySize: number): Buffer {
  const finder = new MatchFinder(data, dictionarySize);
  const chunks: Buffer[] = [];
  let model = new LzmaModel(properties);
  let next: keyof typeof forget = 'dictionary';
  for (let start = 0; start < data.length;) {
    const { bytes, end } = encodeChunk(data, start, model, finder);
    if (bytes.length < end - start) {
      chunks.push(header(forget[next], end - start, bytes.length), bytes);
      next = 'nothing';
    } else {
      chunks.push(...plainChunks(data, start, end));
      // What was learnt from a chunk that is not written, the reader does not know.
      model = new LzmaModel(properties);
      next = next === 'dictionary' || next === 'properties' ? 'properties' : 'state';
    }
    start = end;
  }
  return Buffer.concat([...chunks, Buffer.alloc(1)]);
}

function encodeChunk(
  data: Buffer,
  start: number,
  model: LzmaModel,
  finder: MatchFinder,
): { readonly bytes: Buffer; readonly end: number } {
  const bits = new RangeEncoder();
  const parser = new LzmaParser(new LzmaEncoder(model, data, bits), finder);
  const limit = Math.min(start + largestChunk, data.length);
  let at = start;
  while (at < limit && bits.size <= largestCompressed - reserve) at += parser.write(at, limit - at);
  return { bytes: bits.finish(), end: at };
}

function header(control: number, size: number, compressedSize: number): Buffer {
  const bytes = Buffer.from([control + ((size - 1) >>> 16), 0, 0, 0, 0, propertiesByte]);
  bytes.writeUInt16BE((size - 1) & 0xffff, 1);
  bytes.writeUInt16BE(compressedSize - 1, 3);
  return control >= forget.properties ? bytes : bytes.subarray(0, -1);
}

function plainChunks(data: Buffer, start: number, end: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = start; at < end; at += largestCompressed) {
    const part = data.subarray(at, Math.min(at + largestCompressed, end));
    const bytes = Buffer.from([at === 0 ? uncompressed.first : uncompressed.other, 0, 0]);
    bytes.writeUInt16BE(part.length - 1, 1);
    chunks.push(bytes, part);
  }
  return chunks;
}

import { crc32 } from './checksums.ts';

/** What a stream begins and ends with. */
export const magic: Buffer = Buffer.from('fd377a585a00', 'hex');
export const endMagic: Buffer = Buffer.from('YZ');

/** The number of the filter LZMA2. */
export const lzma2Filter = 0x21;

const largestIntegerBytes = 9;

/** Zeros that make a size a multiple of four. */
export function padding(size: number): Buffer {
  return Buffer.alloc((4 - (size % 4)) % 4);
}

/** Some bytes, and their checksum behind them. */
export function withCrc32(...parts: readonly Uint8Array[]): Buffer {
  const data = Buffer.concat(parts);
  return Buffer.concat([data, crc32(data)]);
}

/** An integer in groups of seven bits, the lowest first. */
export function encodeInteger(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Buffer.from([...bytes, rest]);
}

/** Reads what is in a part of a file, from its start to its end. */
export class FieldReader {
  readonly data: Buffer;
  index: number;

  constructor(data: Buffer, index: number) {
    this.data = data;
    this.index = index;
  }

  take(bytes: number): Buffer {
    if (this.index + bytes > this.data.length) throw new Error('the data ends too early');
    this.index += bytes;
    return this.data.subarray(this.index - bytes, this.index);
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  integer(): number {
    let [value, factor] = [0, 1];
    for (let count = 0; count < largestIntegerBytes; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      // A zero at the end would be a longer form of the same.
      if (byte < 0x80 && (byte > 0 || count === 0) && Number.isSafeInteger(value)) return value;
      if (byte < 0x80) break;
      factor *= 0x80;
    }
    throw new Error('the data is corrupt: an integer is too large');
  }

  expect(bytes: Buffer, what: string): void {
    if (!this.take(bytes.length).equals(bytes)) throw new Error(`the data is corrupt: ${what} is wrong`);
  }
}

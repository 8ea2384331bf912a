import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';

/** In Node from 20.15, but not in the types of Node 20. */
const { crc32: crc32Of } = zlib as unknown as { readonly crc32: (data: Uint8Array) => number };

/** CRC-32, little-endian. */
export function crc32(data: Uint8Array): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32Of(data));
  return sum;
}

/** The two halves of CRC-64 for each byte. */
const crc64Table = makeCrc64Table();

/** CRC-64 of ECMA-182, little-endian. */
export function crc64(data: Uint8Array): Buffer {
  let [low, high] = [0xffff_ffff, 0xffff_ffff];
  for (const byte of data) {
    const entry = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ (crc64Table.low[entry] ?? 0);
    high = (high >>> 8) ^ (crc64Table.high[entry] ?? 0);
  }
  const sum = Buffer.alloc(8);
  sum.writeUInt32LE(~low >>> 0);
  sum.writeUInt32LE(~high >>> 0, 4);
  return sum;
}

function makeCrc64Table(): { readonly low: Uint32Array; readonly high: Uint32Array } {
  const [low, high] = [new Uint32Array(256), new Uint32Array(256)];
  const polynomial = 0xc96c5795d7870f42n;
  for (let byte = 0; byte < 256; byte++) {
    let sum = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) sum = (sum >> 1n) ^ (sum & 1n ? polynomial : 0n);
    low[byte] = Number(sum & 0xffff_ffffn);
    high[byte] = Number(sum >> 32n);
  }
  return { low, high };
}

/** A kind of checksum of the content, by its number in the header of a stream. */
export interface Check {
  readonly size: number;
  readonly of: (data: Uint8Array) => Buffer;
}

/** The one that is written. */
export const crc64Number = 4;

export const checks: ReadonlyMap<number, Check> = new Map([
  [0, { size: 0, of: () => Buffer.alloc(0) }],
  [1, { size: 4, of: crc32 }],
  [crc64Number, { size: 8, of: crc64 }],
  [10, { size: 32, of: (data: Uint8Array) => createHash('sha256').update(data).digest() }],
]);

import { EncodeError } from '@kombu/core';
import type { ByteWriter } from './byte-writer.ts';
import { format } from './format.ts';

const smallest = -(2n ** 63n);
const largest = 2n ** 64n - 1n;

/**
 * Writes a safe integer as one, in as few bytes as possible, everything else as a double. Integers beyond 2^53 would look
 * exact as integers and are not: a BigInt is the way to send an exact one.
 */
export function writeNumber(out: ByteWriter, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return writeInteger(out, value);
  out.uint8(format.float64);
  out.double(value);
}

/** @throws EncodeError beyond 64 bits. */
export function writeBigInt(out: ByteWriter, value: bigint): void {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return writeInteger(out, number);
  if (value < smallest || value > largest) {
    throw new EncodeError('the integer is not between -2^63 and 2^64 - 1; send it as a string');
  }
  out.uint8(value < 0n ? format.int64 : format.uint64);
  out.bits64(value);
}

function writeInteger(out: ByteWriter, value: number): void {
  // These are their own first byte.
  if (value >= -32 && value < 128) return out.int(value, 1);
  const bytes = value < 0 ? bytesOfNegative(value) : bytesOfPositive(value);
  const first = value < 0 ? format.int8 : format.uint8;
  out.uint8(first + Math.log2(bytes));
  if (bytes === 8) out.bits64(BigInt(value));
  else if (value < 0) out.int(value, bytes);
  else out.uint(value, bytes);
}

const bytesOfPositive = (value: number): number => (value < 2 ** 8 ? 1 : value < 2 ** 16 ? 2 : value < 2 ** 32 ? 4 : 8);
const bytesOfNegative = (value: number): number =>
  value >= -(2 ** 7) ? 1 : value >= -(2 ** 15) ? 2 : value >= -(2 ** 31) ? 4 : 8;

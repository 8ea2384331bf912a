import { EncodeError } from '@kombu/core/spi';
import type { Decimal } from '@kombu/core';
import { fieldTypeOf, scaled } from './field-type.ts';
import type { FieldType } from './field-type.ts';
import type { WriteBuffer } from './write-buffer.ts';

/** Deeper nesting than anybody needs: a value that contains itself. */
export const maxTableDepth = 64;

/**
 * Writes a table of headers with its length. Keys whose value is undefined are left out, as in JSON.
 *
 * @throws EncodeError naming the key whose value has no type in AMQP, InvalidArgumentError for a key of more than 255 bytes.
 */
export function writeFieldTable(out: WriteBuffer, table: Readonly<Record<string, unknown>>, depth = 0): void {
  if (depth > maxTableDepth) throw new EncodeError(`Headers are nested more than ${maxTableDepth} levels deep`);
  const mark = out.openLength();
  for (const key of Object.keys(table)) {
    const value = table[key];
    if (value === undefined) continue;
    out.shortString(key, 'The name of a header');
    writeFieldValue(out, value, key, depth);
  }
  out.fillLength(mark);
}

function writeFieldValue(out: WriteBuffer, value: unknown, key: string, depth: number): void {
  const type = fieldTypeOf(value);
  if (type === undefined) throw unsupported(value, key);
  out.uint8(type.charCodeAt(0));
  writers[type](out, value as never, key, depth);
}

type Write = (out: WriteBuffer, value: never, key: string, depth: number) => void;

const integer64 = (out: WriteBuffer, value: number | bigint): void => out.int64(BigInt(value));

const writers: Readonly<Record<FieldType, Write>> = {
  S: (out, value: string) => out.longString(value),
  I: (out, value: number | bigint) => out.uint32(Number(value)),
  l: integer64,
  L: integer64,
  d: (out, value: number) => out.double(value),
  t: (out, value: boolean) => out.uint8(value ? 1 : 0),
  T: (out, value: Date) => out.uint64(Math.floor(value.getTime() / 1000)),
  V: () => {},
  x: (out, value: Uint8Array) => {
    out.uint32(value.length);
    out.raw(value);
  },
  D: (out, value: Decimal) => {
    const { places, digits } = scaled(value) as { places: number; digits: number };
    out.uint8(places);
    out.uint32(digits);
  },
  F: (out, value: Readonly<Record<string, unknown>>, _key, depth) => writeFieldTable(out, value, depth + 1),
  A: (out, value: readonly unknown[], key, depth) => {
    if (depth >= maxTableDepth)
      throw new EncodeError(`Header '${key}' is nested more than ${maxTableDepth} levels deep`);
    const mark = out.openLength();
    // What JSON does with the gaps of arrays.
    for (const item of value) writeFieldValue(out, item ?? null, key, depth + 1);
    out.fillLength(mark);
  },
};

function unsupported(value: unknown, key: string): EncodeError {
  const kind = typeof value === 'object' ? (value?.constructor.name ?? 'object') : typeof value;
  return new EncodeError(
    `Header '${key}' holds a value that AMQP cannot carry (${kind}); send text, finite numbers, bigints of 64 bits, booleans, null, dates since 1970, bytes, decimals of nine digits, or plain objects and arrays of these`,
  );
}

import type { Decimal } from '@kombu/core';
import { InvalidArgumentError } from '@kombu/core/spi';
import type { Arguments } from '@kombu/core/spi';
import { maxTableDepth, writeFieldTable } from './field-table-writer.ts';
import { fieldTypeOf, scaled } from './field-type.ts';
import { WriteBuffer } from './write-buffer.ts';

/** amqplib has room for 64 KiB. */
const maxBytes = 65_000;

/** How amqplib is told the type of a value, which it would guess otherwise: small integers as `b` and `s`. */
interface Typed {
  readonly '!': string;
  readonly value: unknown;
}

/**
 * Arguments of a declaration, in the types that {@link fieldTypeOf} says, for amqplib to write.
 *
 * @throws InvalidArgumentError naming the argument that AMQP cannot carry, or when all together are too large.
 */
export function typedTable(table: Arguments): Record<string, unknown> {
  const typed = typedFields(table, 0);
  const size = sizeOf(table);
  if (size <= maxBytes) return typed;
  throw new InvalidArgumentError(`The arguments take ${size} bytes; ${maxBytes} is the most there can be`);
}

function sizeOf(table: Arguments): number {
  if (Object.keys(table).length === 0) return 0;
  const out = new WriteBuffer();
  writeFieldTable(out, table);
  return out.size;
}

function typedFields(table: Arguments, depth: number): Record<string, unknown> {
  const typed: Record<string, unknown> = {};
  for (const key of Object.keys(table)) {
    if (Buffer.byteLength(key) > 255)
      throw new InvalidArgumentError('The name of an argument may have 255 bytes at most');
    if (table[key] !== undefined) typed[key] = typedValue(table[key], key, depth);
  }
  return typed;
}

function typedValue(value: unknown, key: string, depth: number): unknown {
  if (depth > maxTableDepth) throw new InvalidArgumentError(`Argument '${key}' is nested too deep`);
  switch (fieldTypeOf(value)) {
    case 'I':
      return as('int32', Number(value));
    case 'l':
    case 'L':
      return as('int64', value);
    case 'd':
      return as('double', value);
    case 'T':
      return as('timestamp', Math.floor((value as Date).getTime() / 1000));
    case 'D':
      return as('decimal', scaled(value as Decimal));
    case 'x':
      return Buffer.from(value as Uint8Array);
    case 'A':
      return (value as readonly unknown[]).map((item) => typedValue(item ?? null, key, depth + 1));
    case 'F':
      return typedFields(value as Arguments, depth + 1);
    case undefined:
      throw new InvalidArgumentError(`Argument '${key}' is of a kind that AMQP cannot carry`);
    default:
      return value;
  }
}

function as(type: string, value: unknown): Typed {
  return { '!': type, value };
}

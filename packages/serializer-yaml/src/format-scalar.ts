import { types } from 'node:util';
import { EncodeError, PlainDate, PlainDateTime } from '@kombu/core';
import { formatText } from './text-scalars.ts';
import { formatInstant, formatLocal } from './timestamps.ts';

/** Readers take no more: see Python's `sys.set_int_max_str_digits`. */
const maxDigits = 4300;

/** Writes a scalar on one line; undefined for what is none. Bytes are a scalar, but have a form of their own. */
export function formatScalar(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return formatString(value);
    case 'number':
      return formatNumber(value);
    case 'bigint':
      return formatBigInt(value);
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (types.isDate(value)) return formatInstant(value);
      if (value instanceof PlainDate) return value.text;
      return value instanceof PlainDateTime ? formatLocal(value) : undefined;
    default:
      throw new EncodeError(`it is ${typeof value}; send null for no value`);
  }
}

function formatString(text: string): string {
  // In Node 20, but not in the es2023 library types.
  if ((text as string & { isWellFormed(): boolean }).isWellFormed()) return formatText(text);
  throw new EncodeError('the text has a lone surrogate, half of a character');
}

/**
 * Integers beyond 2^53 are written as floats, for they would look exact and are not: a BigInt is the way to send an exact
 * one. A float needs a point to be one.
 */
function formatNumber(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value < 0 ? '-.inf' : '.inf';
  if (Object.is(value, -0)) return '-0.0';
  if (Number.isSafeInteger(value)) return String(value);
  const text = Number.isInteger(value) ? value.toExponential() : String(value);
  // Two digits, as Python has it.
  const padded = text.replace(/e([-+])(\d)$/, 'e$10$2');
  return padded.includes('.') ? padded : padded.replace('e', '.0e');
}

function formatBigInt(value: bigint): string {
  const text = String(value);
  if (text.replace('-', '').length <= maxDigits) return text;
  throw new EncodeError(`readers take no integers of more than ${maxDigits} digits`);
}

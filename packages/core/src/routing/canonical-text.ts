import { types } from 'node:util';
import { LimitExceededError } from '../errors.ts';

/** Deeper than any sensible header, and far from the end of the stack. */
const maxDepth = 256;

/**
 * One text for all values that count as equal, and different texts for all others: numbers by value (`1`, `1n` and `-0`
 * against `0` too), bytes by content, dates by time, arrays by order, objects by their own enumerable properties in any
 * order. What cannot travel (undefined, functions, symbols) counts as null, as in JSON.
 *
 * @throws LimitExceededError when the value is nested deeper than 256 levels, or in itself.
 */
export function canonicalText(value: unknown): string {
  return textOf(value, 0);
}

function textOf(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return numberText(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? 'null' : objectText(value, depth + 1);
    default:
      return 'null';
  }
}

function numberText(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

function objectText(value: object, depth: number): string {
  if (depth > maxDepth) {
    throw new LimitExceededError(
      `A header or binding argument is nested deeper than ${maxDepth} levels, or in itself, and cannot be compared. Use flat values to route by.`,
    );
  }
  if (types.isDate(value)) return `@${value.getTime()}`;
  if (ArrayBuffer.isView(value)) {
    return `#${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item, depth)).join(',')}]`;
  const entries: [string, unknown][] = Object.entries(value);
  // The usual binding has no arguments, and there may be very many of them.
  if (entries.length === 0) return '{}';
  const fields = entries.map(([key, item]) => `${JSON.stringify(key)}:${textOf(item, depth)}`);
  return `{${fields.toSorted().join(',')}}`;
}

/** Do both count as equal in the sense of `canonicalText`? */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'string' || typeof b === 'string') return false;
  return canonicalText(a) === canonicalText(b);
}

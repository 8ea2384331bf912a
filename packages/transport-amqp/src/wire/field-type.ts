import { Decimal } from '@kombu/core';

/**
 * Type codes of values in header and argument tables. Of the many that the protocol and its dialects have, we write those
 * that py-amqp reads right in all its versions: never `b`, `s` or `u`.
 */
export type FieldType = 'S' | 'I' | 'l' | 'L' | 'd' | 'D' | 't' | 'T' | 'F' | 'A' | 'x' | 'V';

const int32 = { min: -0x80_00_00_00, max: 0x7f_ff_ff_ff };
const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** As which type a value travels; undefined: it cannot. */
export function fieldTypeOf(value: unknown): FieldType | undefined {
  switch (typeof value) {
    case 'string':
      return 'S';
    case 'number':
      return numberType(value);
    case 'boolean':
      return 't';
    case 'bigint':
      return value >= int64.min && value <= int64.max ? integerType(Number(value)) : undefined;
    case 'object':
      return objectType(value);
    default:
      return undefined;
  }
}

function numberType(value: number): FieldType | undefined {
  // RabbitMQ cannot read them and breaks the connection.
  if (!Number.isFinite(value)) return undefined;
  // From 2 ** 63 on an integer has no integer type.
  if (!Number.isInteger(value) || value >= 2 ** 63 || value < -(2 ** 63)) return 'd';
  return integerType(value);
}

/**
 * py-amqp before 5.3.2 reads `l` as unsigned, and other clients know no `L`. So `l` serves for what both readings agree on,
 * and `L`, which py-amqp writes itself, for large negative numbers.
 */
function integerType(value: number): FieldType {
  if (value >= int32.min && value <= int32.max) return 'I';
  return value >= 0 ? 'l' : 'L';
}

function objectType(value: object | null): FieldType | undefined {
  if (value === null) return 'V';
  if (Array.isArray(value)) return 'A';
  if (value instanceof Uint8Array) return 'x';
  // An invalid date has no seconds, and the type has no sign.
  if (value instanceof Date) return value.getTime() >= 0 ? 'T' : undefined;
  if (value instanceof Decimal) return scaled(value) ? 'D' : undefined;
  return isPlain(value) ? 'F' : undefined;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A decimal as the protocol has it, `digits / 10 ** places`; undefined when it has too many of either. */
export function scaled({ text }: Decimal): { readonly places: number; readonly digits: number } | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)(?:\.(\d*))?(?:E([+-]?\d+))?$/i.exec(text) ?? [];
  if (whole === '' && fraction === '') return undefined;
  const places = fraction.length - Number(exponent);
  // Zeros stand in for a positive exponent, which the protocol has not.
  if (places < -10 || places > 255) return undefined;
  const digits = Number(`${sign}${whole}${fraction}${'0'.repeat(Math.max(0, -places))}`);
  if (digits < int32.min || digits > int32.max) return undefined;
  return { places: Math.max(0, places), digits };
}

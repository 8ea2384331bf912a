import { types } from 'node:util';

/** Does the value say by a method `toJSON` what to write in its place? */
export function isReducible(value: unknown): value is { toJSON(key: string): unknown } {
  return typeof value === 'object' && value !== null && typeof (value as { toJSON?: unknown }).toJSON === 'function';
}

/** What to send in place of an object whose properties do not say what it is; undefined when they do. */
export function insteadOf(value: object): string | undefined {
  if (types.isMap(value)) return 'Object.fromEntries(map) or [...map]';
  if (types.isSet(value)) return '[...set]';
  if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value))
    return 'a Buffer for bytes, or Array.from() for numbers';
  if (types.isNativeError(value)) return 'its message and the fields you need';
  if (types.isPromise(value)) return 'what it resolves to: an await is missing';
  if (types.isRegExp(value)) return 'its source';
  if (types.isWeakMap(value) || types.isWeakSet(value)) return 'nothing: its content cannot be listed';
  return undefined;
}

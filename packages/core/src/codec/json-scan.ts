/*
 * The fast lane of the JSON codec: cheap walks that tell whether `JSON.stringify` and `JSON.parse` alone do the right
 * thing with a value. They look at the value rather than search its text: measured, that costs less than one regular
 * expression over the text, and no escape sequence can hide anything from it.
 */

const safe = Number.MAX_SAFE_INTEGER;

/** Is this an object literal or one without prototype, from whatever realm? */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Can `JSON.stringify` write this without loss? Says no to cycles and to more than `depthLeft` levels. */
export function isPlainJson(value: unknown, depthLeft: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      // False for NaN, the infinities and integers that are approximations.
      return value <= safe && value >= -safe;
    case 'object':
      return value === null || (depthLeft > 0 && hasPlainParts(value, depthLeft - 1));
    default:
      return false;
  }
}

function hasPlainParts(value: object, depthLeft: number): boolean {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      if (!isPlainJson(value[index], depthLeft)) return false;
    }
    return true;
  }
  if (!isPlainObject(value)) return false;
  for (const key in value) {
    if (!isPlainJson(value[key], depthLeft)) return false;
  }
  return true;
}

/** What `JSON.parse` may have given that needs more work; a sum of the flags below, 0 for none. */
export type Findings = number;
/** A key `__type__` or `__proto__`. */
export const MARKED = 1;
/** A number that may have lost digits. */
export const INEXACT = 2;
/** More levels than allowed; what is below was not looked at. */
export const DEEP = 4;

/** Looks through the result of `JSON.parse`. */
export function inspect(value: unknown, depthLeft: number): Findings {
  if (typeof value === 'number') return value <= safe && value >= -safe ? 0 : INEXACT;
  if (typeof value !== 'object' || value === null) return 0;
  if (depthLeft === 0) return DEEP;
  let findings = 0;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) findings |= inspect(value[index], depthLeft - 1);
    return findings;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) {
    if (key === '__type__' || key === '__proto__') findings |= MARKED;
    findings |= inspect(object[key], depthLeft - 1);
  }
  return findings;
}

const quote = 0x22;
const backslash = 0x5c;

/** The index after the closing quote of the string that opens at `start`, or the text's length when none closes it. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

/** Does the text, JSON or not, open more than `maxDepth` arrays and objects within each other? Takes no memory. */
export function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === quote) index = endOfString(text, index) - 1;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > maxDepth) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

import { types } from 'node:util';
import { PlainDate, PlainDateTime } from '@kombu/core';

export type Pair = readonly [key: unknown, value: unknown];

/** What a mapping with these pairs becomes: of several with the same key the last counts, as in Python. */
export function mappingOf(pairs: readonly Pair[]): Record<string, unknown> | Map<unknown, unknown> {
  if (!pairs.every(([key]) => typeof key === 'string')) return new Map(pairs);
  const object: Record<string, unknown> = {};
  for (const [key, value] of pairs as readonly (readonly [string, unknown])[]) {
    // Kombu's JSON is read without it, too: `=` would set the prototype.
    if (key !== '__proto__') object[key] = value;
  }
  return object;
}

/** The pairs of a mapping that was read; undefined when the value is none. */
export function pairsOf(value: unknown): readonly Pair[] | undefined {
  if (types.isMap(value)) return [...value];
  if (types.isSet(value)) return Array.from(value, (key) => [key, null] as const);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return undefined;
  return Object.entries(value);
}

/** Can it be a key? Python wants keys to be hashable. */
export function isKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return (
    types.isUint8Array(value) || types.isDate(value) || value instanceof PlainDate || value instanceof PlainDateTime
  );
}

/** The pairs that a merge key brings in: those of a mapping, or of a list of them, of which the first counts most. */
export function mergedPairs(source: unknown): readonly Pair[] {
  const sources = Array.isArray(source) ? source.toReversed() : [source];
  return sources.flatMap((mapping) => {
    const pairs = pairsOf(mapping);
    if (!pairs) throw new Error('what << merges is neither a mapping nor a list of mappings');
    return pairs;
  });
}

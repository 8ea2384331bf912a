import type { Arguments } from '../spi/declarations.ts';
import type { Headers } from '../spi/envelope.ts';
import { canonicalText } from './canonical-text.ts';
import { headersPattern, patternMatches, type HeaderCondition, type HeadersPattern } from './headers-match.ts';

/** The values that wait for one condition. `text` undefined: any value of the header will do. */
interface Bucket<T> {
  readonly key: string;
  readonly text: string | undefined;
  readonly values: Set<T>;
}

interface Placement<T> {
  readonly pattern: HeadersPattern;
  readonly buckets: readonly Bucket<T>[];
}

/**
 * Values filed under the arguments of headers bindings, found by headers without looking at all of them. A binding of kind
 * `any` is filed under each of its conditions; one of kind `all` under only one, the rarest so far, and checked in full when
 * that one holds.
 */
export class HeadersIndex<T> {
  readonly #placements = new Map<T, Placement<T>>();
  readonly #buckets = new Map<string, Map<string | undefined, Bucket<T>>>();
  readonly #unconditional = new Set<T>();

  /** Files `value`, which is not there yet. */
  add(args: Arguments, value: T): void {
    const pattern = headersPattern(args);
    const { any, conditions } = pattern;
    if (!any && conditions.length === 0) this.#unconditional.add(value);
    const buckets = any ? conditions.map((condition) => this.#bucket(condition)) : this.#rarest(conditions);
    for (const bucket of buckets) {
      this.#keep(bucket);
      bucket.values.add(value);
    }
    this.#placements.set(value, { pattern, buckets });
  }

  remove(value: T): void {
    for (const bucket of this.#placements.get(value)?.buckets ?? []) {
      bucket.values.delete(value);
      if (bucket.values.size === 0) this.#discard(bucket);
    }
    this.#placements.delete(value);
    this.#unconditional.delete(value);
  }

  /** The values of all bindings that match, each once. */
  match(headers: Headers): Set<T> {
    const found = new Set(this.#unconditional);
    for (const [key, header] of Object.entries(headers)) {
      const buckets = this.#buckets.get(key);
      if (!buckets || header === undefined) continue;
      this.#collect(buckets.get(undefined), headers, found);
      this.#collect(buckets.get(canonicalText(header)), headers, found);
    }
    return found;
  }

  #collect(bucket: Bucket<T> | undefined, headers: Headers, found: Set<T>): void {
    if (!bucket) return;
    for (const value of bucket.values) {
      const pattern = this.#placements.get(value)?.pattern;
      if (pattern && patternMatches(pattern, headers)) found.add(value);
    }
  }

  #rarest(conditions: readonly HeaderCondition[]): readonly Bucket<T>[] {
    let rarest: Bucket<T> | undefined;
    for (const condition of conditions) {
      const bucket = this.#bucket(condition);
      if (!rarest || bucket.values.size < rarest.values.size) rarest = bucket;
    }
    return rarest ? [rarest] : [];
  }

  /** The bucket of a condition; a new one is not kept before something is in it. */
  #bucket({ key, value }: HeaderCondition): Bucket<T> {
    const text = value === undefined || value === null ? undefined : canonicalText(value);
    return this.#buckets.get(key)?.get(text) ?? { key, text, values: new Set() };
  }

  #keep(bucket: Bucket<T>): void {
    const buckets = this.#buckets.get(bucket.key) ?? new Map<string | undefined, Bucket<T>>();
    this.#buckets.set(bucket.key, buckets.set(bucket.text, bucket));
  }

  #discard({ key, text }: Bucket<T>): void {
    const buckets = this.#buckets.get(key);
    buckets?.delete(text);
    if (buckets?.size === 0) this.#buckets.delete(key);
  }
}

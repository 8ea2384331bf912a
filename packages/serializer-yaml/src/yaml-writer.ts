import { types } from 'node:util';
import { defaultLimits, EncodeError } from '@kombu/core';
import { formatPath, insteadOf, isReducible } from '@kombu/core/spi';
import { formatScalar } from './format-scalar.ts';
import { isKey } from './mappings.ts';
import type { Pair } from './mappings.ts';

/** Where a node stands: it decides whether a collection begins on this line, and how far it is indented. */
type Place = 'root' | 'item' | 'value';

/** Keys that are longer, as PyYAML has it, stand on a line of their own. */
const longestKey = 122;

/** Writes one document in block style, as PyYAML's SafeDumper does, without folding long lines. */
export class YamlWriter {
  #out = '';
  readonly #path: (string | number)[] = [];
  /** The collections that the place being written is in. */
  readonly #open = new Set<object>();

  /** @throws EncodeError with the path of the value that cannot be written. */
  write(value: unknown): string {
    try {
      this.#node(value, 0, 'root');
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new EncodeError(`Cannot write ${formatPath(this.#path)} as YAML: ${reason}.`, { cause });
    }
    return this.#out;
  }

  /** @param column - Where the keys and dashes of the collection begin that the node stands in. */
  #node(value: unknown, column: number, place: Place): void {
    const scalar = formatScalar(value);
    if (scalar !== undefined) return this.#scalar(scalar, place);
    const object = value as object;
    if (Array.isArray(object)) return this.#sequence(object, column, place);
    if (types.isUint8Array(object)) return this.#binary(object, column, place);
    if (types.isMap(object)) return this.#mapping(object, [...object], column, place);
    if (types.isSet(object)) return this.#set(object, column, place);
    if (isReducible(object)) return this.#reduced(object, column, place);
    if (types.isBoxedPrimitive(object)) return this.#node(object.valueOf(), column, place);
    const instead = insteadOf(object);
    if (instead !== undefined) throw new EncodeError(`what is in it would be lost; send ${instead}`);
    return this.#mapping(object, Object.entries(object), column, place);
  }

  /** As JSON.stringify does, asks once: a result with a toJSON of its own, often the same object, is written as it is. */
  #reduced(value: { toJSON(key: string): unknown }, column: number, place: Place): void {
    const reduced = value.toJSON(String(this.#path.at(-1) ?? ''));
    const again = isReducible(reduced) && formatScalar(reduced) === undefined;
    if (again) this.#mapping(reduced, Object.entries(reduced), column, place);
    else this.#node(reduced, column, place);
  }

  #scalar(text: string, place: Place): void {
    this.#line(text, place);
    // A plain scalar at the top could go on; PyYAML says that it does not.
    if (place === 'root' && !/^['"]/.test(text)) this.#out += '...\n';
  }

  #binary(bytes: Uint8Array, column: number, place: Place): void {
    const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
    const indent = ' '.repeat(place === 'item' ? column : column + 2);
    const lines = base64.match(/.{1,76}/g) ?? [];
    this.#line(lines.length === 0 ? '!!binary ""' : '!!binary |', place);
    for (const line of lines) this.#out += `${indent}${line}\n`;
  }

  #sequence(items: readonly unknown[], column: number, place: Place): void {
    if (items.length === 0) return this.#line('[]', place);
    this.#enter(items);
    if (place !== 'root') this.#out += place === 'item' ? ' ' : '\n';
    const indent = ' '.repeat(column);
    items.forEach((item, index) => {
      this.#path.push(index);
      this.#out += index === 0 && place === 'item' ? '-' : `${indent}-`;
      this.#node(isNothing(item) ? null : item, column + 2, 'item');
      this.#path.pop();
    });
    this.#open.delete(items);
  }

  #set(set: ReadonlySet<unknown>, column: number, place: Place): void {
    if (set.size === 0) return this.#line('!!set {}', place);
    this.#line('!!set', place);
    const pairs = Array.from(set, (key) => [key, null] as const);
    this.#pairs(set, pairs, place === 'value' ? column + 2 : column, false);
  }

  #mapping(owner: object, pairs: readonly Pair[], column: number, place: Place): void {
    const kept = pairs.filter(([, value]) => !isNothing(value));
    if (kept.length === 0) return this.#line('{}', place);
    if (place !== 'root') this.#out += place === 'item' ? ' ' : '\n';
    this.#pairs(owner, kept, place === 'value' ? column + 2 : column, place === 'item');
  }

  /** @param begun - The first pair goes on with the line that has been begun. */
  #pairs(owner: object, pairs: readonly Pair[], column: number, begun: boolean): void {
    this.#enter(owner);
    const indent = ' '.repeat(column);
    for (const [index, [key, value]] of pairs.entries()) {
      this.#path.push(typeof key === 'string' ? key : index);
      if (index > 0 || !begun) this.#out += indent;
      const isShort = this.#key(key, column);
      this.#node(value, isShort ? column : column + 2, isShort ? 'value' : 'item');
      this.#path.pop();
    }
    this.#open.delete(owner);
  }

  /** Writes a key and its colon. False: they stand on lines of their own. */
  #key(key: unknown, column: number): boolean {
    if (!isKey(key)) throw new EncodeError('the key is a collection, which readers do not take');
    const scalar = formatScalar(key);
    const isShort = scalar !== undefined && scalar.length <= longestKey;
    if (isShort) this.#out += `${scalar}:`;
    else {
      this.#out += '?';
      this.#node(key, column + 2, 'item');
      this.#out += `${' '.repeat(column)}:`;
    }
    return isShort;
  }

  #line(text: string, place: Place): void {
    this.#out += place === 'root' ? `${text}\n` : ` ${text}\n`;
  }

  #enter(value: object): void {
    if (this.#open.has(value)) throw new EncodeError('the value contains itself');
    const { maxDepth } = defaultLimits;
    if (this.#open.size >= maxDepth) throw new EncodeError(`the value is nested deeper than ${maxDepth} levels`);
    this.#open.add(value);
  }
}

/** What JSON leaves out. */
const isNothing = (value: unknown): boolean =>
  value === undefined || typeof value === 'function' || typeof value === 'symbol';

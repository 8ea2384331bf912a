import { types } from 'node:util';
import { defaultLimits, EncodeError } from '@kombu/core';
import { formatPath, insteadOf, isReducible } from '@kombu/core/spi';
import { ByteWriter } from './byte-writer.ts';
import { MsgpackExtension } from './extension.ts';
import { format } from './format.ts';
import { writeBigInt, writeNumber } from './integers.ts';
import { encodeTimestamp, timestampType } from './timestamp.ts';

/** How the size of something is written: in the format's first byte up to `fix`, else in 1, 2 or 4 bytes behind one. */
interface Sized {
  readonly fixed?: { readonly format: number; readonly below: number };
  /** The format with a size of one byte; the next two have two and four. Absent: there is none. */
  readonly oneByte?: number;
  readonly twoBytes: number;
}

const strings: Sized = { fixed: { format: format.fixstr, below: 32 }, oneByte: format.str8, twoBytes: format.str8 + 1 };
const binaries: Sized = { oneByte: format.bin8, twoBytes: format.bin8 + 1 };
const extensions: Sized = { oneByte: format.ext8, twoBytes: format.ext8 + 1 };
const arrays: Sized = { fixed: { format: format.fixarray, below: 16 }, twoBytes: format.array16 };
const maps: Sized = { fixed: { format: format.fixmap, below: 16 }, twoBytes: format.map16 };

const fixedExtensions: ReadonlyMap<number, number> = new Map([
  [1, format.fixext1],
  [2, format.fixext2],
  [4, format.fixext4],
  [8, format.fixext8],
  [16, format.fixext16],
]);

/** Writes one value, as JSON would where MessagePack has nothing of its own for it. */
export class MsgpackWriter {
  readonly #out = new ByteWriter();
  readonly #path: (string | number)[] = [];
  /** The arrays and objects that the place being written is in. */
  readonly #open = new Set<object>();

  /** @throws EncodeError with the path of the value that cannot be written. */
  write(value: unknown): Buffer {
    try {
      this.#value(value);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new EncodeError(`Cannot write ${formatPath(this.#path)} as MessagePack: ${reason}.`, { cause });
    }
    return this.#out.finish();
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        return writeNumber(this.#out, value);
      case 'bigint':
        return writeBigInt(this.#out, value);
      case 'boolean':
        return this.#out.uint8(value ? format.true : format.false);
      case 'object':
        return value === null ? this.#out.uint8(format.nil) : this.#object(value);
      default:
        throw new EncodeError(`it is ${typeof value}; send null for no value`);
    }
  }

  #string(text: string): void {
    // In Node 20, but not in the es2023 library types.
    if (!(text as string & { isWellFormed(): boolean }).isWellFormed()) {
      throw new EncodeError('the text has a lone surrogate, half of a character');
    }
    const length = Buffer.byteLength(text, 'utf8');
    this.#size(length, strings);
    this.#out.text(text, length);
  }

  #object(value: object): void {
    if (Array.isArray(value)) return this.#array(value);
    if (types.isUint8Array(value)) {
      this.#size(value.length, binaries);
      return this.#out.bytes(value);
    }
    if (types.isDate(value)) return this.#extension(timestampType, encodeTimestamp(value));
    if (value instanceof MsgpackExtension) return this.#extension(value.type, value.data);
    if (types.isMap(value)) return this.#map(value, value.entries());
    if (isReducible(value)) return this.#reduced(value);
    if (types.isBoxedPrimitive(value)) return this.#value(value.valueOf());
    const instead = insteadOf(value);
    if (instead !== undefined) throw new EncodeError(`what is in it would be lost; send ${instead}`);
    return this.#map(value, Object.entries(value));
  }

  /** As JSON.stringify does, asks once: a result with a toJSON of its own, often the same object, is written as it is. */
  #reduced(value: { toJSON(key: string): unknown }): void {
    const reduced = value.toJSON(String(this.#path.at(-1) ?? ''));
    if (isReducible(reduced) && !types.isDate(reduced)) this.#map(reduced, Object.entries(reduced));
    else this.#value(reduced);
  }

  #array(array: readonly unknown[]): void {
    this.#enter(array);
    this.#size(array.length, arrays);
    for (let index = 0; index < array.length; index++) {
      this.#path.push(index);
      this.#value(isNothing(array[index]) ? null : array[index]);
      this.#path.pop();
    }
    this.#open.delete(array);
  }

  #map(owner: object, entries: Iterable<readonly [unknown, unknown]>): void {
    this.#enter(owner);
    const members = [...entries].filter(([, value]) => !isNothing(value));
    this.#size(members.length, maps);
    for (const [key, value] of members) {
      if (typeof key !== 'string') throw new EncodeError(`a key is ${typeof key}; readers take strings only`);
      this.#path.push(key);
      this.#string(key);
      this.#value(value);
      this.#path.pop();
    }
    this.#open.delete(owner);
  }

  #extension(type: number, data: Uint8Array): void {
    const fixed = fixedExtensions.get(data.length);
    if (fixed === undefined) this.#size(data.length, extensions);
    else this.#out.uint8(fixed);
    this.#out.int(type, 1);
    this.#out.bytes(data);
  }

  #size(size: number, { fixed, oneByte, twoBytes }: Sized): void {
    if (fixed && size < fixed.below) return this.#out.uint8(fixed.format + size);
    const [first, bytes] =
      oneByte !== undefined && size < 0x100 ? [oneByte, 1] : size < 0x1_0000 ? [twoBytes, 2] : [twoBytes + 1, 4];
    this.#out.uint8(first);
    this.#out.uint(size, bytes);
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

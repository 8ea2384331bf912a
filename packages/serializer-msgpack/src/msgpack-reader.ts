import { isUtf8 } from 'node:buffer';
import { DecodeError } from '@kombu/core';
import type { CodecLimits } from '@kombu/core';
import { MsgpackExtension } from './extension.ts';
import { format } from './format.ts';
import { decodeTimestamp, timestampType } from './timestamp.ts';

/** What values cost at least in JSON, in bytes: `0,` and `[],`. */
const scalarCost = 2;
const containerCost = 3;

/** Reads one body. */
export class MsgpackReader {
  readonly #body: Buffer;
  readonly #limits: CodecLimits;
  #index = 0;
  #depth = 0;
  #budget: number;

  constructor(body: Buffer, limits: CodecLimits) {
    this.#body = body;
    this.#limits = limits;
    this.#budget = limits.maxBodyBytes;
  }

  /** @throws DecodeError when the body is not one MessagePack value that Python would read, or is over the limits. */
  read(): unknown {
    const value = this.#value();
    const left = this.#body.length - this.#index;
    if (left > 0) this.#malformed(`${left} bytes follow the value`);
    return value;
  }

  #value(): unknown {
    const first = this.#uint(1);
    if (first < format.fixmap) return this.#scalar(first);
    if (first >= format.negativeFixint) return this.#scalar(first - 0x100);
    if (first < format.fixarray) return this.#map(first - format.fixmap);
    if (first < format.fixstr) return this.#array(first - format.fixarray);
    if (first < format.nil) return this.#scalar(this.#string(first - format.fixstr));
    if (first >= format.array16) return this.#container(first);
    return this.#scalar(this.#typed(first));
  }

  #container(first: number): unknown {
    if (first < format.map16) return this.#array(this.#uint(first === format.array16 ? 2 : 4));
    return this.#map(this.#uint(first === format.map16 ? 2 : 4));
  }

  #typed(first: number): unknown {
    if (first >= format.str8) return this.#string(this.#uint(1 << (first - format.str8)));
    if (first >= format.fixext1) return this.#extension(1 << (first - format.fixext1));
    if (first >= format.int8) return this.#int(1 << (first - format.int8));
    if (first >= format.uint8)
      return first === format.uint64 ? this.#int64(false) : this.#uint(1 << (first - format.uint8));
    switch (first) {
      case format.nil:
        return null;
      case format.false:
        return false;
      case format.true:
        return true;
      case format.float32:
        return this.#body.readFloatBE(this.#advance(4));
      case format.float64:
        return this.#body.readDoubleBE(this.#advance(8));
      default:
        break;
    }
    if (first >= format.ext8) return this.#extension(this.#uint(1 << (first - format.ext8)));
    if (first >= format.bin8) return this.#bytes(this.#uint(1 << (first - format.bin8)));
    return this.#malformed(`no value begins with 0x${first.toString(16)}`);
  }

  #array(count: number): unknown[] {
    this.#enter(count, count);
    const array: unknown[] = [];
    for (let index = 0; index < count; index++) array.push(this.#value());
    this.#depth--;
    return array;
  }

  #map(count: number): Record<string, unknown> {
    this.#enter(count, 2 * count);
    const object: Record<string, unknown> = {};
    for (let index = 0; index < count; index++) {
      const key = this.#value();
      if (typeof key !== 'string') this.#malformed('a key of a map is not a string, which Python does not read either');
      const value = this.#value();
      // Kombu's JSON is read without it, too: `=` would set the prototype.
      if (key !== '__proto__') object[key] = value;
    }
    this.#depth--;
    return object;
  }

  /** Before an array or map. Every value in it takes a byte at least. */
  #enter(count: number, values: number): void {
    const left = this.#body.length - this.#index;
    if (values > left) this.#malformed(`${count} items are announced, and ${left} bytes are left`);
    const { maxDepth } = this.#limits;
    if (++this.#depth > maxDepth) {
      throw new DecodeError(`Cannot read the MessagePack: it nests deeper than ${maxDepth} levels (limits.maxDepth).`);
    }
    this.#charge(containerCost);
  }

  #scalar<T>(value: T): T {
    this.#charge(scalarCost);
    return value;
  }

  /** Values can be smaller than in JSON, and take as much memory: count what JSON would need. */
  #charge(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0) {
      throw new DecodeError(
        `Cannot read the MessagePack: it holds more values than JSON of ${this.#limits.maxBodyBytes} bytes could (limits.maxBodyBytes).`,
      );
    }
  }

  #string(length: number): string {
    const start = this.#advance(length);
    const text = this.#body.toString('utf8', start, start + length);
    // Invalid bytes always leave a U+FFFD behind.
    if (text.includes('\uFFFD') && !isUtf8(this.#body.subarray(start, start + length))) {
      this.#malformed('a string is not valid UTF-8');
    }
    return text;
  }

  #extension(length: number): Date | MsgpackExtension {
    const type = this.#int(1) as number;
    const data = this.#bytes(length);
    if (type === timestampType) return decodeTimestamp(data);
    if (type < 0) this.#malformed(`the extension type ${type} is unknown`);
    return new MsgpackExtension(type, data);
  }

  #uint(bytes: number): number {
    return this.#body.readUIntBE(this.#advance(bytes), bytes);
  }

  #int(bytes: number): number | bigint {
    return bytes === 8 ? this.#int64(true) : this.#body.readIntBE(this.#advance(bytes), bytes);
  }

  /** A number where it is exact, else a BigInt. */
  #int64(signed: boolean): number | bigint {
    const start = this.#advance(8);
    const value = signed ? this.#body.readBigInt64BE(start) : this.#body.readBigUInt64BE(start);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /** A copy: a part of the body would keep all of it in memory. */
  #bytes(length: number): Buffer {
    const start = this.#advance(length);
    return Buffer.from(this.#body.subarray(start, start + length));
  }

  /** Goes on by so many bytes, and gives back where they begin. */
  #advance(length: number): number {
    const start = this.#index;
    if (length > this.#body.length - start) this.#malformed('the body ends too early');
    this.#index = start + length;
    return start;
  }

  #malformed(why: string): never {
    throw new DecodeError(`Cannot read the MessagePack: ${why} (at byte ${this.#index}).`);
  }
}

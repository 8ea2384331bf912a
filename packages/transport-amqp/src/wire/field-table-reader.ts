import { Decimal } from '@kombu/core';
import { DecodeError } from '@kombu/core/spi';
import { maxTableDepth } from './field-table-writer.ts';

type Table = Record<string, unknown>;

/** Reads tables of whatever types clients write, also those that only some of them know. Trusts nothing. */
export class FieldTableReader {
  readonly #bytes: Buffer;
  #at: number;
  #end: number;

  /** @param start - Where the table's length stands. */
  constructor(bytes: Buffer, start: number, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Where the last table ended. */
  get at(): number {
    return this.#at;
  }

  /** @throws DecodeError when the table is cut off, nested too deep, or holds an unknown type. */
  readTable(depth = 0): Table {
    const table: Table = {};
    this.#within(depth, () => {
      const key = this.#text(this.#bytes[this.#take(1)] as number);
      const value = this.#value(depth);
      // As an own property it would become the prototype of whatever object it is assigned to later.
      if (key !== '__proto__') table[key] = value;
    });
    return table;
  }

  #array(depth: number): unknown[] {
    const list: unknown[] = [];
    this.#within(depth, () => list.push(this.#value(depth)));
    return list;
  }

  /** Calls `readOne` until the length that stands here is used up. Nothing inside can read beyond it. */
  #within(depth: number, readOne: () => void): void {
    if (depth > maxTableDepth) throw new DecodeError(`A table is nested more than ${maxTableDepth} levels deep`);
    const length = this.#uint32();
    const end = this.#take(length) + length;
    const outer = this.#end;
    this.#at -= length;
    this.#end = end;
    while (this.#at < end) readOne();
    this.#end = outer;
  }

  #value(depth: number): unknown {
    const bytes = this.#bytes;
    const code = bytes[this.#take(1)] as number;
    switch (String.fromCharCode(code)) {
      case 'S':
        return this.#text(this.#uint32());
      case 'I':
        return bytes.readInt32BE(this.#take(4));
      case 't':
        return bytes[this.#take(1)] !== 0;
      case 'l':
      case 'L':
        return narrow(bytes.readBigInt64BE(this.#take(8)));
      case 'd':
        return bytes.readDoubleBE(this.#take(8));
      case 'F':
        return this.readTable(depth + 1);
      case 'A':
        return this.#array(depth + 1);
      case 'T':
        return this.#date();
      case 'V':
        return null;
      case 'x':
        return this.#raw();
      case 'D':
        return this.#decimal();
      default:
        return this.#rare(code);
    }
  }

  /** Types that neither py-amqp nor we write. */
  #rare(code: number): unknown {
    const bytes = this.#bytes;
    switch (String.fromCharCode(code)) {
      case 'b':
        return bytes.readInt8(this.#take(1));
      case 'B':
        return bytes.readUInt8(this.#take(1));
      case 's':
        return bytes.readInt16BE(this.#take(2));
      case 'u':
        return bytes.readUInt16BE(this.#take(2));
      case 'i':
        return bytes.readUInt32BE(this.#take(4));
      case 'f':
        return bytes.readFloatBE(this.#take(4));
      default:
        throw new DecodeError(`A table holds a value of the unknown type 0x${code.toString(16)}`);
    }
  }

  #uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  #text(length: number): string {
    const start = this.#take(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  /** A copy: headers often outlive the frame, which they would keep in memory. */
  #raw(): Buffer {
    const length = this.#uint32();
    const start = this.#take(length);
    return Buffer.from(this.#bytes.subarray(start, start + length));
  }

  #date(): Date {
    const date = new Date(Number(this.#bytes.readBigUInt64BE(this.#take(8))) * 1000);
    if (Number.isNaN(date.getTime())) throw new DecodeError('A table holds a time beyond the range of dates');
    return date;
  }

  #decimal(): Decimal {
    const places = this.#bytes[this.#take(1)] as number;
    const digits = this.#bytes.readInt32BE(this.#take(4));
    const text = Math.abs(digits)
      .toString()
      .padStart(places + 1, '0');
    const point = text.length - places;
    const fraction = places > 0 ? `.${text.slice(point)}` : '';
    return new Decimal(`${digits < 0 ? '-' : ''}${text.slice(0, point)}${fraction}`);
  }

  #take(count: number): number {
    const start = this.#at;
    if (start + count > this.#end) throw new DecodeError('A table is cut off, or a length in it is wrong');
    this.#at = start + count;
    return start;
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

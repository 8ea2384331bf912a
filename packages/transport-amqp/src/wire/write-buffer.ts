import { checkShortText, maxShortBytes } from './short-text.ts';

const chunkBytes = 64 * 1024;

/** A larger chunk, made for a large message, is not kept for the small ones after it. */
const keptBytes = 1024 * 1024;

/** Where bytes are appended to; grows on demand. What was taken out of it is never touched again. */
export class WriteBuffer {
  /** Valid from the start of what was not taken yet up to `at`. */
  bytes: Buffer = Buffer.allocUnsafeSlow(chunkBytes);
  at = 0;
  #from = 0;

  /** Bytes that wait to be taken. */
  get size(): number {
    return this.at - this.#from;
  }

  /** Makes room for so many bytes behind `at`. */
  reserve(count: number): void {
    if (this.at + count > this.bytes.length) this.#grow(count);
  }

  /** All that was appended since the last time. */
  take(): Buffer {
    const taken = this.bytes.subarray(this.#from, this.at);
    this.#from = this.at;
    if (this.bytes.length > keptBytes) this.#start(chunkBytes);
    return taken;
  }

  /** Forgets what was appended since `mark`, which counts as `size` does. */
  truncate(mark: number): void {
    this.at = this.#from + mark;
  }

  uint8(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  uint16(value: number): void {
    this.reserve(2);
    const { bytes } = this;
    bytes[this.at++] = value >>> 8;
    bytes[this.at++] = value;
  }

  uint32(value: number): void {
    this.reserve(4);
    const { bytes } = this;
    bytes[this.at++] = value >>> 24;
    bytes[this.at++] = value >>> 16;
    bytes[this.at++] = value >>> 8;
    bytes[this.at++] = value;
  }

  /** A non-negative safe integer in 64 bits. */
  uint64(value: number): void {
    this.uint32(Math.floor(value / 2 ** 32));
    this.uint32(value);
  }

  int64(value: bigint): void {
    this.reserve(8);
    this.at = this.bytes.writeBigInt64BE(value, this.at);
  }

  double(value: number): void {
    this.reserve(8);
    this.at = this.bytes.writeDoubleBE(value, this.at);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Text of at most 255 bytes. `name` says in the error what it was. */
  shortString(text: string, name: string): void {
    const { length } = text;
    if (length > maxShortBytes) checkShortText(text, name);
    // Three bytes of UTF-8 at most for each code unit.
    this.reserve(1 + length * 3);
    const { bytes } = this;
    const start = this.at + 1;
    let end = start;
    // By hand: most are short and ASCII, and a call into native code costs more than the loop.
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit > 127) {
        checkShortText(text, name);
        end = start + bytes.write(text, start, 'utf8');
        break;
      }
      bytes[end++] = unit;
    }
    bytes[this.at] = end - start;
    this.at = end;
  }

  /** Text of any length, behind its length in 32 bits. */
  longString(text: string): void {
    this.reserve(4 + text.length * 3);
    const length = this.bytes.write(text, this.at + 4, 'utf8');
    this.uint32(length);
    this.at += length;
  }

  /** Leaves room for a length in 32 bits; `fillLength` with the answer puts in how much was appended since. */
  openLength(): number {
    this.uint32(0);
    return this.size;
  }

  fillLength(mark: number): void {
    const start = this.#from + mark;
    this.bytes.writeUInt32BE(this.at - start, start - 4);
  }

  /** Takes what waits along to a new chunk; the old one may be on its way to the socket. */
  #grow(count: number): void {
    const waiting = this.bytes.subarray(this.#from, this.at);
    this.#start(Math.max(chunkBytes, 2 * (waiting.length + count)));
    this.raw(waiting);
  }

  #start(bytes: number): void {
    this.bytes = Buffer.allocUnsafeSlow(bytes);
    this.at = 0;
    this.#from = 0;
  }
}

import { corrupt } from './range-decoder.ts';

const firstSize = 64 * 1024;

/** What was decompressed: it is the dictionary as well, so that one of 4 GiB takes no memory of its own. */
export class Output {
  readonly #maxBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;
  /** Nothing before it can be referred to. */
  #dictionaryStart = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes since the dictionary was reset. */
  get position(): number {
    return this.#length - this.#dictionaryStart;
  }

  resetDictionary(): void {
    this.#dictionaryStart = this.#length;
  }

  /** @throws with the code by which a CompressorRegistry knows it, when so many bytes more are too many. */
  reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed > this.#maxBytes) {
      const error = new RangeError(`the result has more than ${this.#maxBytes} bytes`);
      throw Object.assign(error, { code: 'ERR_BUFFER_TOO_LARGE' });
    }
    if (needed <= this.#buffer.length) return;
    const size = Math.min(Math.max(2 * this.#buffer.length, needed, firstSize), this.#maxBytes);
    const larger = Buffer.allocUnsafe(size);
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }

  push(byte: number): void {
    this.#buffer[this.#length++] = byte;
  }

  append(bytes: Buffer): void {
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The byte `distance + 1` before the end; 0 before the first one. */
  back(distance: number): number {
    return distance < this.position ? (this.#buffer[this.#length - 1 - distance] ?? 0) : 0;
  }

  /** Appends bytes from `distance + 1` before the end; they may be among those that are appended. */
  repeat(distance: number, length: number): void {
    if (distance >= this.position) throw corrupt();
    const from = this.#length - 1 - distance;
    for (let index = 0; index < length; index++) this.#buffer[this.#length + index] = this.#buffer[from + index] ?? 0;
    this.#length += length;
  }

  /** What was written since a place. */
  since(start: number): Buffer {
    return this.#buffer.subarray(start, this.#length);
  }
}

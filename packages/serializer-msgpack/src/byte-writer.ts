const firstSize = 1024;

/** A buffer that grows. Numbers are written big-endian. */
export class ByteWriter {
  #buffer: Buffer = Buffer.allocUnsafe(firstSize);
  #length = 0;

  /** What was written. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#length = this.#buffer.writeUInt8(value, this.#length);
  }

  /** An unsigned integer of 1 to 6 bytes. */
  uint(value: number, bytes: number): void {
    this.#reserve(bytes);
    this.#length = this.#buffer.writeUIntBE(value, this.#length, bytes);
  }

  /** An integer of 1 to 6 bytes. */
  int(value: number, bytes: number): void {
    this.#reserve(bytes);
    this.#length = this.#buffer.writeIntBE(value, this.#length, bytes);
  }

  /** The lower 64 bits of an integer. */
  bits64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeBigUInt64BE(BigInt.asUintN(64, value), this.#length);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleBE(value, this.#length);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** Text as UTF-8. The caller knows its length. */
  text(value: string, length: number): void {
    this.#reserve(length);
    this.#length += this.#buffer.write(value, this.#length, 'utf8');
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, needed));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

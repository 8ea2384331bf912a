import type { Probabilities } from './lzma-model.ts';

/** Writes the bits of one chunk of LZMA. */
export class RangeEncoder {
  #bytes = Buffer.allocUnsafe(4096);
  #length = 0;
  #range = 0xffff_ffff;
  /** Up to 33 bits: the uppermost is a carry for what is held back. */
  #low = 0;
  /** The byte that is held back until no carry can change it, and the 0xff behind it. */
  #held = 0;
  #heldCount = 1;

  /** The bytes of the chunk, if it ended here: a few more than were written. */
  get size(): number {
    return this.#length + this.#heldCount + 4;
  }

  finish(): Buffer {
    for (let byte = 0; byte < 5; byte++) this.#shift();
    return this.#bytes.subarray(0, this.#length);
  }

  bit(chances: Probabilities, index: number, bit: number): void {
    const chance = chances[index] ?? 0;
    const bound = (this.#range >>> 11) * chance;
    if (bit === 0) {
      this.#range = bound;
      chances[index] = chance + ((2048 - chance) >>> 5);
    } else {
      this.#low += bound;
      this.#range -= bound;
      chances[index] = chance - (chance >>> 5);
    }
    if (this.#range < 0x100_0000) this.#grow();
  }

  /** Bits that are 0 or 1 alike. */
  direct(value: number, count: number): void {
    for (let bit = count - 1; bit >= 0; bit--) {
      this.#range >>>= 1;
      if ((value >>> bit) & 1) this.#low += this.#range;
      if (this.#range < 0x100_0000) this.#grow();
    }
  }

  tree(chances: Probabilities, start: number, bits: number, value: number): void {
    let symbol = 1;
    for (let position = bits - 1; position >= 0; position--) {
      const bit = (value >>> position) & 1;
      this.bit(chances, start + symbol, bit);
      symbol = (symbol << 1) | bit;
    }
  }

  reverseTree(chances: Probabilities, start: number, bits: number, value: number): void {
    let symbol = 1;
    for (let position = 0; position < bits; position++) {
      const bit = (value >>> position) & 1;
      this.bit(chances, start + symbol, bit);
      symbol = (symbol << 1) | bit;
    }
  }

  #grow(): void {
    this.#range = (this.#range << 8) >>> 0;
    this.#shift();
  }

  /** Lets the uppermost byte of `low` go. */
  #shift(): void {
    const carry = this.#low > 0xffff_ffff ? 1 : 0;
    const byte = Math.floor(this.#low / 0x100_0000) & 0xff;
    if (carry === 1 || byte !== 0xff) {
      this.#write(this.#held + carry);
      for (; this.#heldCount > 1; this.#heldCount--) this.#write(0xff + carry);
      this.#held = byte;
      this.#heldCount = 0;
    }
    this.#heldCount++;
    this.#low = ((this.#low & 0xff_ffff) << 8) >>> 0;
  }

  #write(byte: number): void {
    if (this.#length === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * this.#length);
    this.#bytes[this.#length++] = byte & 0xff;
  }
}

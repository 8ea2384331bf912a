import type { Probabilities } from './lzma-model.ts';

const headerBytes = 5;

/** Reads the bits of one chunk of LZMA. */
export class RangeDecoder {
  readonly #data: Buffer;
  readonly #end: number;
  #index: number;
  #range = 0xffff_ffff;
  #code: number;

  /** @throws when the chunk is too short to be one. */
  constructor(data: Buffer, start: number, end: number) {
    if (end - start < headerBytes || data[start] !== 0) throw corrupt();
    this.#data = data;
    this.#end = end;
    this.#index = start + headerBytes;
    this.#code = data.readUInt32BE(start + 1);
  }

  /** Has all of the chunk been used, and nothing else? */
  get isDone(): boolean {
    this.#normalize();
    return this.#code === 0 && this.#index === this.#end;
  }

  bit(chances: Probabilities, index: number): 0 | 1 {
    this.#normalize();
    const chance = chances[index] ?? 0;
    const bound = (this.#range >>> 11) * chance;
    if (this.#code < bound) {
      this.#range = bound;
      chances[index] = chance + ((2048 - chance) >>> 5);
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    chances[index] = chance - (chance >>> 5);
    return 1;
  }

  /** Bits that are 0 or 1 alike. */
  direct(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit++) {
      this.#normalize();
      this.#range >>>= 1;
      const one = this.#code >= this.#range;
      if (one) this.#code -= this.#range;
      value = (value << 1) | (one ? 1 : 0);
    }
    return value >>> 0;
  }

  /** A number of some bits, the highest first, whose chances depend on the bits before. */
  tree(chances: Probabilities, start: number, bits: number): number {
    let symbol = 1;
    for (let bit = 0; bit < bits; bit++) symbol = (symbol << 1) | this.bit(chances, start + symbol);
    return symbol - (1 << bits);
  }

  /** The same with the lowest bit first. */
  reverseTree(chances: Probabilities, start: number, bits: number): number {
    let [symbol, value] = [1, 0];
    for (let position = 0; position < bits; position++) {
      const bit = this.bit(chances, start + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << position;
    }
    return value;
  }

  #normalize(): void {
    if (this.#range >= 0x100_0000) return;
    if (this.#index >= this.#end) throw corrupt();
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | (this.#data[this.#index++] ?? 0)) >>> 0;
  }
}

export const corrupt = (): Error => new Error('the data is corrupt');

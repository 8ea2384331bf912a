import { positionStates } from './lzma-model.ts';
import type { LengthModel, LzmaModel, LzmaProperties } from './lzma-model.ts';
import type { RangeEncoder } from './range-encoder.ts';

const shortestMatch = 2;

/** Writes symbols of LZMA: bytes, and references to what was there before. */
export class LzmaEncoder {
  readonly model: LzmaModel;
  readonly #data: Uint8Array;
  readonly #bits: RangeEncoder;

  constructor(model: LzmaModel, data: Uint8Array, bits: RangeEncoder) {
    this.model = model;
    this.#data = data;
    this.#bits = bits;
  }

  literal(at: number): void {
    const { model } = this;
    this.#bits.bit(model.isMatch, this.#state(at), 0);
    const chances = model.literals;
    const start = model.literalAt(at, this.#data[at - 1] ?? 0);
    const byte = this.#data[at] ?? 0;
    // After a match, the byte that would have come next is a hint, as long as it is right.
    let hint = model.state >= 7 ? (this.#data[at - 1 - (model.repeats[0] ?? 0)] ?? 0) : undefined;
    for (let symbol = 1, rest = 7; rest >= 0; rest--) {
      const bit = (byte >>> rest) & 1;
      const expected = hint === undefined ? undefined : (hint >>> rest) & 1;
      this.#bits.bit(chances, start + (expected === undefined ? 0 : (1 + expected) << 8) + symbol, bit);
      if (bit !== expected) hint = undefined;
      symbol = (symbol << 1) | bit;
    }
    model.afterLiteral();
  }

  match(at: number, length: number, distance: number): void {
    const { model } = this;
    this.#bits.bit(model.isMatch, this.#state(at), 1);
    this.#bits.bit(model.isRepeat, model.state, 0);
    this.#length(model.lengths, at, length);
    this.#distance(distance, length);
    model.promote(3, distance);
    model.afterMatch();
  }

  /** A match with one of the last four distances. */
  repeat(at: number, length: number, index: number): void {
    const { model } = this;
    this.#bits.bit(model.isMatch, this.#state(at), 1);
    this.#bits.bit(model.isRepeat, model.state, 1);
    this.#bits.bit(model.isRepeat0, model.state, index === 0 ? 0 : 1);
    if (index === 0) this.#bits.bit(model.isRepeat0Long, this.#state(at), length === 1 ? 0 : 1);
    else {
      this.#bits.bit(model.isRepeat1, model.state, index === 1 ? 0 : 1);
      if (index > 1) this.#bits.bit(model.isRepeat2, model.state, index - 2);
      model.promote(index, model.repeats[index] ?? 0);
    }
    if (length === 1) return model.afterShortRepeat();
    this.#length(model.repeatLengths, at, length);
    model.afterRepeat();
  }

  #state(at: number): number {
    return this.model.state * positionStates + this.model.positionState(at);
  }

  #length(chances: LengthModel, at: number, length: number): void {
    const value = length - shortestMatch;
    const start = this.model.positionState(at) * 8;
    this.#bits.bit(chances.choice, 0, value < 8 ? 0 : 1);
    if (value < 8) return this.#bits.tree(chances.low, start, 3, value);
    this.#bits.bit(chances.choice, 1, value < 16 ? 0 : 1);
    if (value < 16) this.#bits.tree(chances.middle, start, 3, value - 8);
    else this.#bits.tree(chances.high, 0, 8, value - 16);
  }

  #distance(distance: number, length: number): void {
    const { model } = this;
    const slot = slotOf(distance);
    this.#bits.tree(model.slots, Math.min(length - shortestMatch, 3) * 64, 6, slot);
    if (slot < 4) return;
    const lowerBits = (slot >>> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** lowerBits;
    if (slot < 14) return this.#bits.reverseTree(model.distances, base - slot, lowerBits, distance - base);
    this.#bits.direct((distance - base) >>> 4, lowerBits - 4);
    this.#bits.reverseTree(model.align, 0, 4, distance & 15);
  }
}

/** The number of the highest bit of a distance, twice, and the bit below it. */
function slotOf(distance: number): number {
  if (distance < 4) return distance;
  const highest = 31 - Math.clz32(distance);
  return 2 * highest + ((distance >>> (highest - 1)) & 1);
}

/** What the reference implementation chooses for everything. */
export const properties: LzmaProperties = { literalContextBits: 3, literalPositionBits: 0, positionBits: 2 };
export const propertiesByte: number = (2 * 5 + 0) * 9 + 3;

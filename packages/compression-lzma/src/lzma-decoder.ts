import { positionStates } from './lzma-model.ts';
import type { LengthModel, LzmaModel } from './lzma-model.ts';
import type { Output } from './output.ts';
import { corrupt } from './range-decoder.ts';
import type { RangeDecoder } from './range-decoder.ts';

const shortestMatch = 2;

/** Decodes one chunk: `size` bytes of output. */
export function decodeLzma(model: LzmaModel, bits: RangeDecoder, output: Output, size: number): void {
  const end = output.length + size;
  while (output.length < end) {
    const state = model.state * positionStates + model.positionState(output.position);
    if (bits.bit(model.isMatch, state) === 0) decodeLiteral(model, bits, output);
    else {
      const length = decodeMatch(model, bits, output);
      if (output.length + length > end) throw corrupt();
      output.repeat(model.repeats[0] ?? 0, length);
    }
  }
}

function decodeLiteral(model: LzmaModel, bits: RangeDecoder, output: Output): void {
  const chances = model.literals;
  const start = model.literalAt(output.position, output.back(0));
  let symbol = 1;
  // After a match, the byte that would have come next is a hint, as long as it is right.
  if (model.state >= 7) {
    let hint = output.back(model.repeats[0] ?? 0);
    while (symbol < 0x100) {
      const expected = (hint >>> 7) & 1;
      hint <<= 1;
      const bit = bits.bit(chances, start + ((1 + expected) << 8) + symbol);
      symbol = (symbol << 1) | bit;
      if (bit !== expected) break;
    }
  }
  while (symbol < 0x100) symbol = (symbol << 1) | bits.bit(chances, start + symbol);
  output.push(symbol & 0xff);
  model.afterLiteral();
}

/** Gives the length; the distance is the newest of the model. */
function decodeMatch(model: LzmaModel, bits: RangeDecoder, output: Output): number {
  const positionState = model.positionState(output.position);
  const { state } = model;
  if (bits.bit(model.isRepeat, state) === 0) {
    const length = decodeLength(model.lengths, bits, positionState);
    model.promote(3, decodeDistance(model, bits, length));
    model.afterMatch();
    return length;
  }
  if (bits.bit(model.isRepeat0, state) === 0) {
    if (bits.bit(model.isRepeat0Long, state * positionStates + positionState) === 0) {
      model.afterShortRepeat();
      return 1;
    }
  } else {
    const index = bits.bit(model.isRepeat1, state) === 0 ? 1 : 2 + bits.bit(model.isRepeat2, state);
    model.promote(index, model.repeats[index] ?? 0);
  }
  const length = decodeLength(model.repeatLengths, bits, positionState);
  model.afterRepeat();
  return length;
}

function decodeLength(model: LengthModel, bits: RangeDecoder, positionState: number): number {
  if (bits.bit(model.choice, 0) === 0) return shortestMatch + bits.tree(model.low, positionState * 8, 3);
  if (bits.bit(model.choice, 1) === 0) return shortestMatch + 8 + bits.tree(model.middle, positionState * 8, 3);
  return shortestMatch + 16 + bits.tree(model.high, 0, 8);
}

/** The distance, less 1. */
function decodeDistance(model: LzmaModel, bits: RangeDecoder, length: number): number {
  const slot = bits.tree(model.slots, Math.min(length - shortestMatch, 3) * 64, 6);
  if (slot < 4) return slot;
  const lowerBits = (slot >>> 1) - 1;
  const base = ((2 | (slot & 1)) << lowerBits) >>> 0;
  if (slot < 14) return base + bits.reverseTree(model.distances, base - slot, lowerBits);
  return base + bits.direct(lowerBits - 4) * 16 + bits.reverseTree(model.align, 0, 4);
}

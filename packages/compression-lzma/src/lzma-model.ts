/** Chances of a bit to be 0, in 2048ths, in the numbering of LZMA's reference implementation. */
export type Probabilities = Uint16Array;

const even = 1024;
const make = (size: number): Probabilities => new Uint16Array(size).fill(even);

export const positionStates = 16;
const states = 12;
const literalCoderSize = 0x300;

/** Lengths from 2 to 273, in three ranges. */
export class LengthModel {
  readonly choice: Probabilities = make(2);
  /** Eight for each position state. */
  readonly low: Probabilities = make(positionStates * 8);
  readonly middle: Probabilities = make(positionStates * 8);
  readonly high: Probabilities = make(256);
}

/** How much of the surroundings counts: the bits of the byte before, of the position for literals, and for all else. */
export interface LzmaProperties {
  readonly literalContextBits: number;
  readonly literalPositionBits: number;
  readonly positionBits: number;
}

/** Everything that a coder of LZMA learns from what it has seen. Encoder and decoder keep the same. */
export class LzmaModel {
  readonly properties: LzmaProperties;
  readonly isMatch: Probabilities = make(states * positionStates);
  readonly isRepeat: Probabilities = make(states);
  readonly isRepeat0: Probabilities = make(states);
  readonly isRepeat0Long: Probabilities = make(states * positionStates);
  readonly isRepeat1: Probabilities = make(states);
  readonly isRepeat2: Probabilities = make(states);
  readonly lengths: LengthModel = new LengthModel();
  readonly repeatLengths: LengthModel = new LengthModel();
  /** 64 for each of four lengths. */
  readonly slots: Probabilities = make(4 * 64);
  /** The lower bits of distances in slots 4 to 13. */
  readonly distances: Probabilities = make(128);
  readonly align: Probabilities = make(16);
  readonly literals: Probabilities;
  /** What the last symbols were: below 7, the last one was a literal. */
  state = 0;
  /** The last four distances, less 1, newest first. */
  readonly repeats: Uint32Array = new Uint32Array(4);

  constructor(properties: LzmaProperties) {
    this.properties = properties;
    this.literals = make(literalCoderSize << (properties.literalContextBits + properties.literalPositionBits));
  }

  /** Where the chances for a literal at this position begin. */
  literalAt(position: number, previous: number): number {
    const { literalContextBits: context, literalPositionBits: bits } = this.properties;
    const low = position & ((1 << bits) - 1);
    return literalCoderSize * ((low << context) + (previous >>> (8 - context)));
  }

  positionState(position: number): number {
    return position & ((1 << this.properties.positionBits) - 1);
  }

  afterLiteral(): void {
    if (this.state < 4) this.state = 0;
    else this.state -= this.state < 10 ? 3 : 6;
  }

  afterMatch(): void {
    this.state = this.state < 7 ? 7 : 10;
  }

  afterRepeat(): void {
    this.state = this.state < 7 ? 8 : 11;
  }

  afterShortRepeat(): void {
    this.state = this.state < 7 ? 9 : 11;
  }

  /** Makes one of the last distances, or a new one in their place, the newest. */
  promote(index: number, distance: number): void {
    this.repeats.copyWithin(1, 0, index);
    this.repeats[0] = distance;
  }
}

/** A part of the data that was there before. */
export interface Match {
  readonly length: number;
  /** How far before, less 1. */
  readonly distance: number;
}

export const longestMatch = 273;
const hashedBytes = 3;
const hashBits = 16;
/** How many places with the same hash are looked at. */
const attempts = 64;
/** Three bytes from so far away cost more than to write them again. */
const farAway = 4096;

const nothing: Match = { length: 0, distance: 0 };

/** Finds what was there before by the hash of three bytes. */
export class MatchFinder {
  readonly #data: Uint8Array;
  readonly #dictionarySize: number;
  /** The last place with a hash, and the one before each place; less 1, so that 0 is none. */
  readonly #last = new Int32Array(1 << hashBits);
  readonly #before: Int32Array;
  #next = 0;

  constructor(data: Uint8Array, dictionarySize: number) {
    this.#data = data;
    this.#dictionarySize = dictionarySize;
    this.#before = new Int32Array(data.length);
  }

  /** The longest match at a place, of up to `limit` bytes. */
  find(at: number, limit: number): Match {
    this.#learn(at);
    if (limit < hashedBytes) return nothing;
    let best = nothing;
    let place = (this.#last[this.#hash(at)] ?? 0) - 1;
    // The place itself may have been learnt when one looked ahead.
    while (place >= at) place = this.#earlier(place);
    for (let attempt = 0; attempt < attempts && place >= 0 && at - place <= this.#dictionarySize; attempt++) {
      const length = this.#canBeLonger(at, place, best) ? this.lengthAt(at, at - place - 1, limit) : 0;
      const isWorth = length > hashedBytes || (length === hashedBytes && at - place < farAway);
      if (isWorth && length > best.length) {
        best = { length, distance: at - place - 1 };
        if (length === limit) break;
      }
      place = this.#earlier(place);
    }
    return best;
  }

  /** A longer match has at least the byte behind the best one. */
  #canBeLonger(at: number, place: number, { length }: Match): boolean {
    return this.#data[place + length] === this.#data[at + length];
  }

  /** How many bytes, up to `limit`, are the same as so far before. */
  lengthAt(at: number, distance: number, limit: number): number {
    const from = at - distance - 1;
    if (from < 0) return 0;
    let length = 0;
    while (length < limit && this.#data[from + length] === this.#data[at + length]) length++;
    return length;
  }

  /** Takes in all places before this one. */
  #learn(until: number): void {
    const end = Math.min(until, this.#data.length - hashedBytes + 1);
    for (; this.#next < end; this.#next++) {
      const hash = this.#hash(this.#next);
      this.#before[this.#next] = this.#last[hash] ?? 0;
      this.#last[hash] = this.#next + 1;
    }
  }

  #earlier(place: number): number {
    return (this.#before[place] ?? 0) - 1;
  }

  #hash(at: number): number {
    const first = this.#data[at] ?? 0;
    const bytes = (first << 16) | ((this.#data[at + 1] ?? 0) << 8) | (this.#data[at + 2] ?? 0);
    return Math.imul(bytes, 0x9e37_79b1) >>> (32 - hashBits);
  }
}

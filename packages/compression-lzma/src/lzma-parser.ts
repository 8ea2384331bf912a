import type { LzmaEncoder } from './lzma-encoder.ts';
import { longestMatch } from './match-finder.ts';
import type { Match, MatchFinder } from './match-finder.ts';

/** Matches that are so long are taken without looking further. */
const longEnough = 64;

const isMuchNearer = (distance: number, than: number): boolean => than >>> 7 > distance;

/** Decides which symbols to write: the longest match, unless a cheaper or, one byte later, a better one is there. */
export class LzmaParser {
  readonly #encoder: LzmaEncoder;
  readonly #finder: MatchFinder;
  /** The match at the place to come, if one has looked ahead. */
  #ahead: Match | undefined;

  constructor(encoder: LzmaEncoder, finder: MatchFinder) {
    this.#encoder = encoder;
    this.#finder = finder;
  }

  /** Writes one symbol, and gives back how many bytes, of `limit` at most, it stands for. */
  write(at: number, limit: number): number {
    const most = Math.min(limit, longestMatch);
    const match = this.#ahead ?? this.#finder.find(at, most);
    this.#ahead = undefined;
    const { index, length } = this.#bestRepeat(at, most);
    if (length >= longEnough || isRepeatBetter(length, match)) {
      this.#encoder.repeat(at, length, index);
      return length;
    }
    if (match.length < 2 || (match.length < longEnough && this.#isBetterLater(at, limit, match))) {
      return this.#single(at, limit);
    }
    this.#encoder.match(at, match.length, match.distance);
    return match.length;
  }

  /** One byte, by reference to the last distance where that is the same one: it is cheaper. */
  #single(at: number, limit: number): number {
    const [distance = 0] = this.#encoder.model.repeats;
    const isSame = at > distance && this.#finder.lengthAt(at, distance, Math.min(limit, 1)) === 1;
    if (isSame && this.#encoder.model.state < 7) this.#encoder.repeat(at, 1, 0);
    else this.#encoder.literal(at);
    return 1;
  }

  #bestRepeat(at: number, most: number): { readonly index: number; readonly length: number } {
    const { repeats } = this.#encoder.model;
    const best = { index: 0, length: 0 };
    for (let index = 0; index < repeats.length; index++) {
      const length = this.#finder.lengthAt(at, repeats[index] ?? 0, most);
      if (length > best.length) [best.index, best.length] = [index, length];
    }
    return best;
  }

  /** Is it worth to write one byte, and then go on with another match? */
  #isBetterLater(at: number, limit: number, { length, distance }: Match): boolean {
    const most = Math.min(limit - 1, longestMatch);
    const next = this.#finder.find(at + 1, most);
    this.#ahead = next;
    const isBetter =
      next.length >= 2 &&
      ((next.length >= length && next.distance < distance) ||
        (next.length === length + 1 && !isMuchNearer(distance, next.distance)) ||
        next.length > length + 1 ||
        (next.length + 1 >= length && length >= 3 && isMuchNearer(next.distance, distance)));
    if (isBetter || this.#bestRepeat(at + 1, most).length >= Math.max(2, length - 1)) return true;
    this.#ahead = undefined;
    return false;
  }
}

/** A repeated distance costs next to nothing: it may be some bytes shorter. */
function isRepeatBetter(length: number, match: Match): boolean {
  if (length < 2) return false;
  return (
    length + 1 >= match.length ||
    (length + 2 >= match.length && match.distance >= 1 << 9) ||
    (length + 3 >= match.length && match.distance >= 1 << 15)
  );
}

/** A prime number of places, so that texts of one kind do not meet in a few. */
const places = 251;

/**
 * Remembers short texts by their bytes. Exchanges, routing keys, consumer tags and content types are the same in message after
 * message: finding one again costs less than making it, and messages that are held share one copy.
 */
export class TextCache {
  readonly #entries: ({ readonly bytes: Buffer; readonly text: string } | undefined)[] = Array.from({ length: places });

  /** The UTF-8 text of so many bytes, 255 at most. */
  read(bytes: Buffer, start: number, length: number): string {
    if (length === 0) return '';
    const first = bytes[start] as number;
    const middle = bytes[start + (length >> 1)] as number;
    const last = bytes[start + length - 1] as number;
    const place = (length + first * 7 + middle * 31 + last * 127) % places;
    const entry = this.#entries[place];
    if (entry && isSame(entry.bytes, bytes, start, length)) return entry.text;
    const text = bytes.toString('utf8', start, start + length);
    this.#entries[place] = { bytes: Buffer.from(bytes.subarray(start, start + length)), text };
    return text;
  }
}

function isSame(known: Buffer, bytes: Buffer, start: number, length: number): boolean {
  if (known.length !== length) return false;
  // The ends differ most often.
  for (let index = length - 1; index >= 0; index--) if (known[index] !== bytes[start + index]) return false;
  return true;
}

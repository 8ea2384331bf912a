import type { Compressor } from '@kombu/core';
import { Bzip2Library } from './bzip2-library.ts';
import { isHeader, streamEnds } from './stream-ends.ts';

/** The library is dropped when it holds more than this after a call: its memory never shrinks. It starts with 16 MiB. */
const keepBelow = 32 * 1024 * 1024;
/** Half of what a library can address: the compressed data and tables want some, too. */
const largestResult = 1024 * 1024 * 1024;
const smallestGuess = 64 * 1024;
/** Starting a stream costs much more than the 14 bytes that an empty one has. */
const mostStreams = 10_000;
/** How many false ends a stream may have: see {@link streamEnds}. */
const mostFalseEnds = 2;

class Bzip2Compressor implements Compressor {
  readonly contentType = 'application/x-bz2';
  readonly aliases: readonly string[] = ['bzip2', 'bzip'];
  #library: Bzip2Library | undefined;

  compress(body: Buffer): Buffer {
    return this.#use((library) => library.compress(body));
  }

  decompress(body: Buffer, maxBytes: number): Buffer {
    return this.#use((library) => decompress(library, body, Math.min(maxBytes, largestResult)));
  }

  #use(work: (library: Bzip2Library) => Buffer): Buffer {
    const library = (this.#library ??= new Bzip2Library());
    try {
      return work(library);
    } finally {
      if (library.size > keepBelow) this.#library = undefined;
    }
  }
}

/** Decompresses all streams of a body. */
function decompress(library: Bzip2Library, body: Buffer, most: number): Buffer {
  const results: Buffer[] = [];
  let left = most;
  for (let start = 0; start < body.length || start === 0;) {
    if (results.length >= mostStreams) throw new Error(`the body has more than ${mostStreams} streams`);
    if (!isHeader(body, start)) {
      throw new Error(start > 0 ? `${body.length - start} bytes follow the compressed data` : 'it is no bzip2 stream');
    }
    const { result, end } = firstStream(library, body, start, left) ?? tooLarge(most);
    results.push(result);
    left -= result.length;
    start = end;
  }
  return results.length === 1 && results[0] ? results[0] : Buffer.concat(results);
}

/** The library does not say how much it has read, so it gets no more than the stream. Undefined: the result is too large. */
function firstStream(
  library: Bzip2Library,
  body: Buffer,
  start: number,
  most: number,
): { result: Buffer; end: number } | undefined {
  let falseEnds = 0;
  for (const end of streamEnds(body, start)) {
    const result = decompressStream(library, body.subarray(start, end), most);
    if (result === 'too large') return undefined;
    if (result !== 'cut') return { result, end };
    if (++falseEnds > mostFalseEnds) break;
  }
  throw new Error('the data ends too early');
}

/** Tries with a guess of the size, and twice as much until the result fits. */
function decompressStream(library: Bzip2Library, stream: Buffer, most: number): Buffer | 'too large' | 'cut' {
  for (let capacity = Math.max(8 * stream.length, smallestGuess); capacity < most; capacity *= 2) {
    const result = library.decompress(stream, capacity);
    if (result !== 'too large') return result;
  }
  return library.decompress(stream, most);
}

/** With the code by which a CompressorRegistry knows it. */
function tooLarge(allowed: number): never {
  const error = new RangeError(`the result has more than ${allowed} bytes`);
  throw Object.assign(error, { code: 'ERR_BUFFER_TOO_LARGE' });
}

/**
 * bzip2, Kombu's `bzip2` or `bzip`, through libbzip2 as WebAssembly. It writes byte for byte what Python's `bz2.compress`
 * writes, and reads one stream or several in a row.
 */
export const bzip2Compressor: Compressor = new Bzip2Compressor();

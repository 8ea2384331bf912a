import type { Compressor } from '@kombu/core';
import { ZstdLibrary } from './zstd-library.ts';

/** The library is dropped when it holds more than this after a call: its memory never shrinks. It starts with 16 MiB. */
const keepBelow = 32 * 1024 * 1024;
/** Half of what a library can address: the compressed data and tables want some, too. */
const largestResult = 1024 * 1024 * 1024;
const smallestGuess = 64 * 1024;

class ZstdCompressor implements Compressor {
  readonly contentType = 'application/zstd';
  readonly aliases: readonly string[] = ['zstd', 'zstandard'];
  #library: ZstdLibrary | undefined;

  compress(body: Buffer): Buffer {
    return this.#use((library) => library.compress(body));
  }

  decompress(body: Buffer, maxBytes: number): Buffer {
    return this.#use((library) => decompress(library, body, maxBytes));
  }

  #use(work: (library: ZstdLibrary) => Buffer): Buffer {
    const library = (this.#library ??= new ZstdLibrary());
    try {
      return work(library);
    } finally {
      if (library.size > keepBelow) this.#library = undefined;
    }
  }
}

/** Tries with the size that the frame states, or with a guess, and twice as much until the result fits. */
function decompress(library: ZstdLibrary, body: Buffer, maxBytes: number): Buffer {
  const most = Math.min(maxBytes, largestResult);
  const stated = library.contentSize(body);
  if (stated !== undefined && stated > most) throw tooLarge(most);
  for (let capacity = Math.min(stated ?? Math.max(4 * body.length, smallestGuess), most); ;) {
    const result = library.decompress(body, capacity);
    if (result) return result;
    if (capacity === most) throw tooLarge(most);
    capacity = Math.min(Math.max(2 * capacity, smallestGuess), most);
  }
}

/** With the code by which a CompressorRegistry knows it. */
function tooLarge(allowed: number): Error {
  return Object.assign(new RangeError(`the result has more than ${allowed} bytes`), { code: 'ERR_BUFFER_TOO_LARGE' });
}

/**
 * Zstandard, Kombu's `zstd` or `zstandard`, through libzstd as WebAssembly. It reads frames with and without their size,
 * several frames in a row, and skippable frames; what it writes is byte for byte what Python's `zstd.compress` writes
 * with the same version of libzstd.
 */
export const zstdCompressor: Compressor = new ZstdCompressor();

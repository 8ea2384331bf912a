import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Heap } from './heap.ts';
import type { Allocator } from './heap.ts';
import { growTo, instantiate } from './wasm.ts';

/** BZ_OK, or a negative error code. */
type Result = number;

/** Reads from one place and writes to another, whose size it takes from `size` and leaves there. */
type BuffToBuff = (to: number, size: number, from: number, length: number, ...options: number[]) => Result;

/** The functions of libbzip2 that are used. */
interface Exports extends Allocator {
  readonly __wasm_call_ctors: () => void;
  /** Options: block size in 100 000 bytes, verbosity, work factor. */
  readonly BZ2_bzBuffToBuffCompress: BuffToBuff;
  /** Options: small, verbosity. */
  readonly BZ2_bzBuffToBuffDecompress: BuffToBuff;
}

/** Python's default. */
const blockSize = 9;

const unexpectedEnd = -7;
const outputFull = -8;
const reasons: ReadonlyMap<Result, string> = new Map([
  [-3, 'the library has no memory'],
  [-4, 'the data is corrupt'],
  [-5, 'the data is no bzip2 stream'],
]);

/** One instance of libbzip2. Its memory never shrinks: drop the instance to get rid of it. */
export class Bzip2Library {
  readonly #exports: Exports;

  constructor() {
    const path = createRequire(import.meta.url).resolve('bzip2-wasm/bzip2-1.0.8/bzip2.wasm');
    const copy = (to: number, from: number, size: number): void => {
      new Uint8Array(this.#exports.memory.buffer).copyWithin(to, from, from + size);
    };
    const grow = (bytes: number): number => growTo(this.#exports.memory, bytes >>> 0);
    this.#exports = instantiate(readFileSync(path), {
      env: { exit: abort, emscripten_memcpy_big: copy, emscripten_resize_heap: grow },
      // Used to print a reason before it exits.
      wasi_snapshot_preview1: { fd_close: abort, fd_seek: abort, fd_write: abort },
    }) as Exports;
    this.#exports.__wasm_call_ctors();
  }

  /** The bytes that this instance holds. */
  get size(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  compress(body: Uint8Array): Buffer {
    // The size that libbzip2's documentation promises to suffice.
    const capacity = Math.ceil(body.length * 1.01) + 600;
    const result = this.#run(this.#exports.BZ2_bzBuffToBuffCompress, body, capacity, [blockSize, 0, 0]);
    if (typeof result === 'string') throw new Error(`libbzip2 reports: ${result}`);
    return result;
  }

  /** Decompresses the first stream, unless its result is larger than the capacity, or it is not there to its end. */
  decompress(stream: Uint8Array, capacity: number): Buffer | 'too large' | 'cut' {
    return this.#run(this.#exports.BZ2_bzBuffToBuffDecompress, stream, capacity, [0, 0]);
  }

  #run(
    work: BuffToBuff,
    input: Uint8Array,
    capacity: number,
    options: readonly number[],
  ): Buffer | 'too large' | 'cut' {
    using heap = new Heap(this.#exports);
    const to = heap.reserve(capacity);
    const size = heap.put(new Uint8Array(Uint32Array.of(capacity).buffer));
    const result = work(to, size, heap.put(input), input.length, ...options);
    if (result === outputFull) return 'too large';
    if (result === unexpectedEnd) return 'cut';
    if (result < 0) throw new Error(reasons.get(result) ?? `libbzip2 reports error ${-result}`);
    return heap.take(to, heap.take(size, 4).readUInt32LE());
  }
}

function abort(): never {
  throw new Error('libbzip2 gave up');
}

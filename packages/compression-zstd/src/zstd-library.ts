import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Heap } from './heap.ts';
import type { Allocator } from './heap.ts';
import { growTo, instantiate } from './wasm.ts';
import type { Memory } from './wasm.ts';

/** Sizes, or negative error codes. */
type Result = number;

/** The functions of libzstd that are used. The build shortens their names, so package.json pins the exact version. */
interface Exports {
  readonly f: Memory;
  /** Sets the library up. */
  readonly g: () => void;
  /** ZSTD_compressBound */
  readonly i: (size: number) => number;
  /** ZSTD_compress */
  readonly m: (to: number, capacity: number, from: number, size: number, level: number) => Result;
  /** ZSTD_getFrameContentSize, cut to 32 bits */
  readonly p: (from: number, size: number) => number;
  /** ZSTD_decompress */
  readonly r: (to: number, capacity: number, from: number, size: number) => Result;
  readonly s: Allocator['malloc'];
  readonly t: Allocator['free'];
}

/** ZSTD_CLEVEL_DEFAULT, Python's default, too. */
const level = 3;

const destinationTooSmall = -70;
const reasons: ReadonlyMap<Result, string> = new Map([
  [-10, 'the data is no Zstandard frame'],
  [-20, 'the data is corrupt'],
  [-22, 'the checksum does not match'],
  [-32, 'the data needs a dictionary'],
  [-72, 'the data ends too early, or other bytes follow it'],
]);

/** One instance of libzstd. Its memory never shrinks: drop the instance to get rid of it. */
export class ZstdLibrary {
  readonly #exports: Exports;
  readonly #allocator: Allocator;

  constructor() {
    const grow = (bytes: number): number => growTo(this.#exports.f, bytes >>> 0);
    const imports = { a: abort, b: none, c: abort, d: none, e: grow };
    this.#exports = instantiate(readFileSync(libraryPath()), { a: imports }) as Exports;
    const { f, g, s, t } = this.#exports;
    this.#allocator = { memory: f, malloc: s, free: t };
    g();
  }

  /** The bytes that this instance holds. */
  get size(): number {
    return this.#exports.f.buffer.byteLength;
  }

  compress(body: Uint8Array): Buffer {
    using heap = new Heap(this.#allocator);
    const capacity = this.#exports.i(body.length);
    const to = heap.reserve(capacity);
    const size = this.#exports.m(to, capacity, heap.put(body), body.length, level);
    if (size < 0) throw new Error(reasonOf(size));
    return heap.take(to, size);
  }

  /** Decompresses all frames of a body; undefined when the result is larger than the capacity. */
  decompress(body: Uint8Array, capacity: number): Buffer | undefined {
    // For the library these are no frames in a row.
    if (body.length === 0) throw new Error('the data is empty');
    using heap = new Heap(this.#allocator);
    const to = heap.reserve(capacity);
    const size = this.#exports.r(to, capacity, heap.put(body), body.length);
    if (size === destinationTooSmall) return undefined;
    if (size < 0) throw new Error(reasonOf(size));
    return heap.take(to, size);
  }

  /** What the first frame says of the size of its content, true or not; undefined when it says nothing (below 2 GiB). */
  contentSize(body: Uint8Array): number | undefined {
    // A frame header has 18 bytes at most.
    const header = body.subarray(0, 18);
    using heap = new Heap(this.#allocator);
    const size = this.#exports.p(heap.put(header), header.length);
    return size < 0 ? undefined : size;
  }
}

function abort(): never {
  throw new Error('the Zstandard library gave up');
}

const none = (): number => 0;

function libraryPath(): string {
  const entry = createRequire(import.meta.url).resolve('@bokuweb/zstd-wasm');
  return join(dirname(entry), 'zstd.wasm');
}

const reasonOf = (code: Result): string => reasons.get(code) ?? `libzstd reports error ${-code}`;

import type { Memory } from './wasm.ts';

/** What a library of C code offers to hand over bytes. */
export interface Allocator {
  readonly memory: Memory;
  readonly malloc: (size: number) => number;
  readonly free: (pointer: number) => void;
}

/** Memory of a WebAssembly library for one call: it is given back at the end, whatever happens. */
export class Heap implements Disposable {
  readonly #allocator: Allocator;
  readonly #pointers: number[] = [];

  constructor(allocator: Allocator) {
    this.#allocator = allocator;
  }

  /** Space for so many bytes. */
  reserve(size: number): number {
    // Zero is what malloc gives when there is no memory, and may be what it gives for no bytes.
    const pointer = this.#allocator.malloc(Math.max(size, 1)) >>> 0;
    if (pointer === 0) throw new RangeError(`the library has no memory for ${size} bytes`);
    this.#pointers.push(pointer);
    return pointer;
  }

  /** Copies bytes in. */
  put(bytes: Uint8Array): number {
    const pointer = this.reserve(bytes.length);
    new Uint8Array(this.#allocator.memory.buffer).set(bytes, pointer);
    return pointer;
  }

  /** Copies bytes out. */
  take(pointer: number, length: number): Buffer {
    return Buffer.from(Buffer.from(this.#allocator.memory.buffer, pointer, length));
  }

  [Symbol.dispose](): void {
    for (const pointer of this.#pointers) this.#allocator.free(pointer);
  }
}

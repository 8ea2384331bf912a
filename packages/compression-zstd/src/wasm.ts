/** The part of WebAssembly's JavaScript interface that is used here; TypeScript knows it only as a part of the browser. */
interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyInterface };
const pageBytes = 65_536;

/** Compiles and starts a WebAssembly library, at once and not in the background as usual: the codecs are synchronous. */
export function instantiate(bytes: Uint8Array, imports: object): unknown {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports;
}

/** Makes a memory at least so large. Emscripten's libraries ask for this, and take 0 for "there is no more". */
export function growTo(memory: Memory, bytes: number): 0 | 1 {
  const pages = Math.ceil((bytes - memory.buffer.byteLength) / pageBytes);
  try {
    if (pages > 0) memory.grow(pages);
    return 1;
  } catch {
    return 0;
  }
}

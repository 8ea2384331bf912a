import { frameEnd, frameHeadBytes, frameOverheadBytes } from './methods.ts';

/** One frame. The payload is a view of what was read. */
export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
  /** All of it, head and end included. */
  readonly bytes: Buffer;
}

const none = Buffer.alloc(0);

/** Cuts the bytes of a socket into frames. What is incomplete is joined only once it is complete. */
export class FrameReader {
  #bytes: Buffer = none;
  #at = 0;
  /** Pieces of a frame that is not complete yet, `#bytes` first. */
  #pieces: Buffer[] = [];
  #missing = 0;
  readonly #maxBytes: number;

  /** @param maxBytes - The largest frame that the peer may send. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(bytes: Buffer): void {
    if (this.#bytes.length === this.#at && this.#pieces.length === 0) {
      this.#bytes = bytes;
      this.#at = 0;
      return;
    }
    this.#pieces.push(bytes);
    this.#missing -= bytes.length;
    if (this.#missing > 0) return;
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), ...this.#pieces]);
    this.#at = 0;
    this.#pieces = [];
  }

  /** The next complete frame. Throws when the bytes are none of AMQP. */
  next(): Frame | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    const available = bytes.length - start;
    if (this.#pieces.length > 0) return undefined;
    if (available < frameHeadBytes) return this.#wait(frameHeadBytes - available);
    const size = bytes.readUInt32BE(start + 3);
    if (size > this.#maxBytes)
      throw new Error(`The broker sent a frame of ${size} bytes; ${this.#maxBytes} were agreed on`);
    const end = start + size + frameOverheadBytes;
    if (bytes.length < end) return this.#wait(end - bytes.length);
    if (bytes[end - 1] !== frameEnd) throw new Error('The broker sent a frame without its end mark');
    this.#at = end;
    return {
      type: bytes[start] as number,
      channel: bytes.readUInt16BE(start + 1),
      payload: bytes.subarray(start + frameHeadBytes, end - 1),
      bytes: bytes.subarray(start, end),
    };
  }

  #wait(missing: number): undefined {
    this.#missing = missing;
    return undefined;
  }
}

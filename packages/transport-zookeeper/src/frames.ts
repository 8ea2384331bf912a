import { ConnectionError } from '@kombu/core/spi';

/** More than a million names fit into it; what is longer is no answer of ZooKeeper. */
const maxFrameBytes = 64 << 20;

/** Cuts what comes over a socket into answers, each with its length of four bytes before it. */
export class FrameReader {
  #parts: Buffer[] = [];
  #length = 0;
  #wanted = 4;

  /**
   * The answers that are complete with these bytes.
   *
   * @throws ConnectionError for a length that cannot be.
   */
  push(bytes: Buffer): readonly Buffer[] {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    if (this.#length < this.#wanted) return [];
    const all = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts);
    const frames: Buffer[] = [];
    let start = 0;
    for (let end = frameEnd(all, 0); end <= all.length; end = frameEnd(all, start)) {
      frames.push(all.subarray(start, end));
      start = end;
    }
    this.#parts = start < all.length ? [all.subarray(start)] : [];
    this.#length = all.length - start;
    this.#wanted = frameEnd(all, start) - start;
    return frames;
  }
}

/** Where the answer that begins here ends; beyond the bytes when its length is not known yet. */
function frameEnd(bytes: Buffer, start: number): number {
  if (bytes.length - start < 4) return start + 4;
  const size = bytes.readInt32BE(start);
  if (size >= 0 && size <= maxFrameBytes) return start + 4 + size;
  throw new ConnectionError(`The peer announced an answer of ${size} bytes: it is no ZooKeeper, or it is out of step`);
}

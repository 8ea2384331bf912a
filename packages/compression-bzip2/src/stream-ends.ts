/** What comes before the checksum of a whole stream, at any bit: the digits of the square root of pi. */
const mark = [0x177245, 0x385090] as const;
const markBits = 48;
const checksumBits = 32;
const headerBytes = 4;

/** Does a bzip2 stream begin here? */
export function isHeader(body: Uint8Array, start: number): boolean {
  const level = body[start + 3] ?? 0;
  return body[start] === 0x42 && body[start + 1] === 0x5a && body[start + 2] === 0x68 && level > 0x30 && level <= 0x39;
}

/**
 * Where the stream that begins at `start` may end, nearest first. The mark can be a part of other data, though not often:
 * once in a million bodies of 32 MB.
 */
export function* streamEnds(body: Uint8Array, start: number): Generator<number> {
  let [high, low] = [0, 0];
  const firstEnd = (start + headerBytes) * 8 + markBits;
  for (let index = start + headerBytes; index < body.length; index++) {
    const byte = body[index] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      high = ((high << 1) | (low >>> 23)) & 0xffffff;
      low = ((low << 1) | ((byte >>> bit) & 1)) & 0xffffff;
      if (high !== mark[0] || low !== mark[1]) continue;
      const markEnd = index * 8 + 8 - bit;
      const end = Math.ceil((markEnd + checksumBits) / 8);
      if (markEnd >= firstEnd && end <= body.length) yield end;
    }
  }
}

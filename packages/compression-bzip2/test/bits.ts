/** The bits of some bytes, as zeros and ones. */
export function bitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
}

/** The bytes of some bits, filled up with zeros. */
export function bytesOf(bits: string): Buffer {
  return Buffer.from(bits.match(/.{1,8}/g)?.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)) ?? []);
}

/** The mark that comes before the end of a stream. */
const mark = bitsOf(Buffer.from('177245385090', 'hex'));

/**
 * Puts the mark into the first block of a stream, where it changes nothing: behind the list that says which Huffman table
 * is used for which part. Its entries are ones that end with a zero, and more of them than needed are allowed.
 */
export function withMark(stream: Uint8Array): Buffer {
  const bits = bitsOf(stream);
  // The stream's header, the block's mark, its checksum, a flag, a pointer into the block.
  let at = 32 + 48 + 32 + 1 + 24;
  const ranges = bits.slice(at, at + 16).replaceAll('0', '').length;
  at += 16 + 16 * ranges;
  const tables = Number.parseInt(bits.slice(at, at + 3), 2);
  if (tables < 4) throw new Error('The mark has three ones in a row, so there must be four tables.');
  const count = Number.parseInt(bits.slice(at + 3, at + 18), 2);
  const more = count + mark.replaceAll('1', '').length;
  const list = at + 18;
  let end = list;
  for (let entry = 0; entry < count; entry++) end = bits.indexOf('0', end) + 1;
  // Padding is not a part of the stream, so leave no more than a part of a byte.
  const rest = bits.slice(end, bits.lastIndexOf(mark) + mark.length + 32);
  return bytesOf(bits.slice(0, at + 3) + more.toString(2).padStart(15, '0') + bits.slice(list, end) + mark + rest);
}

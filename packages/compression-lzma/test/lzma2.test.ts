import { decodeLzma2 } from '../src/lzma2-decoder.ts';
import { encodeLzma2 } from '../src/lzma2-encoder.ts';
import { Output } from '../src/output.ts';

const limit = 1000;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const chunks = encodeLzma2(Buffer.from('abcabcabcabcabcabcabcabc'), 4096);
const control = chunks.readUInt8();

function decode(data: Buffer): string {
  const output = new Output(limit);
  const end = decodeLzma2(data, 0, output);
  expect(end).toBe(data.length);
  return output.since(0).toString();
}

/** The chunks, with other bytes at a place. */
function changed(at: number, text: string): Buffer {
  const data = Buffer.from(chunks);
  data.set(hex(text), at);
  return data;
}

it('reads chunks of both kinds', () => {
  expect(control).toBe(0xe0);
  expect(decode(chunks)).toBe('abcabcabcabcabcabcabcabc');
  expect(decode(hex('00'))).toBe('');
  expect(decode(hex('01 0001 6162 02 0000 63 00'))).toBe('abc');
  // A new dictionary.
  expect(decode(Buffer.concat([hex('01 0001 7879'), chunks]))).toBe('xyabcabcabcabcabcabcabcabc');
});

it('refers to nothing that is further away than the dictionary', () => {
  const data = Buffer.concat([Buffer.from('abcdefgh'), Buffer.alloc(600), Buffer.from('abcdefgh')]);
  const far = encodeLzma2(data, 4096);
  const near = encodeLzma2(data, 512);
  expect(near.length).toBeGreaterThan(far.length);
  expect(decode(near)).toBe(decode(far));
});

it.each([
  ['no dictionary at the beginning', hex('02 0000 63 00'), 'corrupt'],
  ['no properties at the beginning', Buffer.concat([hex('01 0000 63'), changed(0, 'a0')]), 'corrupt'],
  ['no model to go on with', Buffer.concat([hex('01 0000 63'), changed(0, '80')]), 'corrupt'],
  ['a control byte that has no meaning', hex('03 0000 63 00'), 'corrupt'],
  ['properties out of range', changed(5, 'e1'), 'corrupt'],
  ['properties that LZMA2 does not allow', changed(5, '08'), 'corrupt'],
  ['no zero before the bits', changed(6, '01'), 'corrupt'],
  ['less content than it says', changed(2, 'ff'), 'corrupt'],
  ['more content than it says', changed(2, '10'), 'corrupt'],
  ['bits that end too early', changed(4, '06'), 'corrupt'],
  ['a chunk that is too short for bits', changed(4, '02'), 'corrupt'],
  ['a chunk that ends behind the data', changed(3, 'ff'), 'ends too early'],
  ['no end', chunks.subarray(0, -1), 'ends too early'],
  ['a plain chunk that ends behind the data', hex('01 0004 6162'), 'ends too early'],
  ['more than the limit', hex('e0 03e8 0010 5d'), 'more than 1000 bytes'],
  ['much more than the limit', hex('ff ffff 0010 5d'), 'more than 1000 bytes'],
  ['more than the limit, plain', hex('01 ffff'), 'more than 1000 bytes'],
  // The first symbol repeats what is not there.
  ['a distance to before the beginning', hex('e0 0000 0005 5d 00ffffffff00 00'), 'corrupt'],
])('refuses %s', (_, data, message) => {
  expect(() => decode(data)).toThrow(message);
});

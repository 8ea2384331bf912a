import { decodeLzma } from './lzma-decoder.ts';
import { LzmaModel } from './lzma-model.ts';
import type { LzmaProperties } from './lzma-model.ts';
import type { Output } from './output.ts';
import { corrupt, RangeDecoder } from './range-decoder.ts';

/** How a chunk of LZMA begins: what is forgotten, and the upper bits of its size. */
const chunk = { lzma: 0x80, resetState: 0xa0, newProperties: 0xc0, resetDictionary: 0xe0, sizeBits: 0x1f } as const;

/** Decodes chunks of LZMA2 up to their end, and gives back where that is. */
export function decodeLzma2(data: Buffer, start: number, output: Output): number {
  let index = start;
  let model: LzmaModel | undefined;
  let hasDictionary = false;
  const take = (bytes: number): number => {
    if (index + bytes > data.length) throw new Error('the data ends too early');
    index += bytes;
    return index - bytes;
  };
  for (;;) {
    const control = data.readUInt8(take(1));
    if (control === 0) return index;
    if (control >= chunk.resetDictionary || control === 1) {
      output.resetDictionary();
      hasDictionary = true;
      model = undefined;
    } else if (!hasDictionary) throw corrupt();
    if (control < chunk.lzma) {
      if (control > 2) throw corrupt();
      const size = data.readUInt16BE(take(2)) + 1;
      output.reserve(size);
      const from = take(size);
      output.append(data.subarray(from, from + size));
      continue;
    }
    const size = ((control & chunk.sizeBits) << 16) + data.readUInt16BE(take(2)) + 1;
    const compressedSize = data.readUInt16BE(take(2)) + 1;
    if (control >= chunk.newProperties) model = new LzmaModel(readProperties(data.readUInt8(take(1))));
    else if (model && control >= chunk.resetState) model = new LzmaModel(model.properties);
    if (!model) throw corrupt();
    output.reserve(size);
    const from = take(compressedSize);
    const bits = new RangeDecoder(data, from, index);
    decodeLzma(model, bits, output, size);
    if (!bits.isDone) throw corrupt();
  }
}

function readProperties(byte: number): LzmaProperties {
  const literalContextBits = byte % 9;
  const literalPositionBits = Math.floor(byte / 9) % 5;
  const positionBits = Math.floor(byte / 45);
  if (positionBits > 4 || literalContextBits + literalPositionBits > 4) throw corrupt();
  return { literalContextBits, literalPositionBits, positionBits };
}

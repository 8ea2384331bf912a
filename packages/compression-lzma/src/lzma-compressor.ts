import type { Compressor } from '@kombu/core';
import { Output } from './output.ts';
import { readStream } from './xz-reader.ts';
import { writeStream } from './xz-writer.ts';

/**
 * LZMA in `.xz` files, Kombu's `lzma` or `xz`. It reads one stream or several in a row, of all presets and with all
 * checksums; filters other than LZMA2 it does not know.
 */
export const lzmaCompressor: Compressor = {
  contentType: 'application/x-lzma',
  aliases: ['lzma', 'xz'],
  compress: writeStream,
  decompress(body, maxBytes) {
    const output = new Output(maxBytes);
    let end = 0;
    do end = readStream(body, end, output);
    while (end < body.length);
    return output.since(0);
  },
};

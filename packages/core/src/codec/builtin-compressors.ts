import { constants } from 'node:buffer';
import * as zlib from 'node:zlib';
import { DecodeError } from '../errors.ts';
import type { Compressor } from './compressor.ts';

/** What node:zlib's synchronous decompressors give with `info: true`; `bytesWritten` counts the bytes they took in. */
interface Decompressed {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}
type Decompress = (body: Buffer, options: { maxOutputLength: number; info: true }) => unknown;

/** Decompresses `input`, which begins with `body` and may only end behind it. */
function bounded(decompress: Decompress, body: Buffer, maxBytes: number, input: Buffer = body): Buffer {
  const maxOutputLength = Math.max(1, Math.min(maxBytes, constants.MAX_LENGTH));
  const { buffer, engine } = decompress(input, { maxOutputLength, info: true }) as Decompressed;
  const left = body.length - engine.bytesWritten;
  if (left < 0) throw new DecodeError('unexpected end of file');
  if (left > 0) throw new DecodeError(`${left} bytes follow the compressed data`);
  return buffer;
}

/** Kombu's "gzip" is a zlib stream (RFC 1950). That is what is written; a true gzip file is read as well. */
const gzip: Compressor = {
  contentType: 'application/x-gzip',
  aliases: ['gzip', 'zlib'],
  compress: (body) => zlib.deflateSync(body),
  decompress: (body, maxBytes) => bounded(zlib.unzipSync, body, maxBytes),
};

/**
 * Quality 5 instead of Brotli's 11: a message is read once or twice, and for 7 KB of JSON 11 blocks the event loop for
 * 9 ms instead of 0.1 to save four percent.
 */
const brotli: Compressor = {
  contentType: 'application/x-brotli',
  aliases: ['brotli'],
  compress: (body) =>
    zlib.brotliCompressSync(body, {
      params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: body.length },
    }),
  decompress: (body, maxBytes) => bounded(zlib.brotliDecompressSync, body, maxBytes),
};

/** In node:zlib from Node 22.15; undefined before. */
function nativeZstd(): Compressor | undefined {
  const { zstdCompressSync, zstdDecompressSync } = zlib as {
    zstdCompressSync?: (body: Buffer) => Buffer;
    zstdDecompressSync?: Decompress;
  };
  if (!zstdCompressSync || !zstdDecompressSync) return undefined;
  return {
    contentType: 'application/zstd',
    aliases: ['zstd', 'zstandard'],
    compress: (body) => zstdCompressSync(body),
    // Node takes half a frame for a whole one (nodejs/node#64592, mended in 2026): offer a byte too many, and see
    // whether it is taken.
    decompress: (body, maxBytes) => bounded(zstdDecompressSync, body, maxBytes, Buffer.concat([body, Buffer.alloc(1)])),
  };
}

const zstd = nativeZstd();

/** What this Node compresses without another package. */
export const builtInCompressors: readonly Compressor[] = zstd ? [gzip, brotli, zstd] : [gzip, brotli];

/** What Kombu knows and needs a package here, until one is registered. */
export const absentCompressors: readonly Readonly<{ names: readonly string[]; package: string }>[] = [
  { names: ['application/x-bz2', 'bzip2', 'bzip'], package: '@kombu/compression-bzip2' },
  { names: ['application/x-lzma', 'lzma', 'xz'], package: '@kombu/compression-lzma' },
  { names: ['application/zstd', 'zstd', 'zstandard'], package: '@kombu/compression-zstd' },
];

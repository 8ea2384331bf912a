/**
 * LZMA (`.xz`) compression for `@kombu/core`.
 *
 * @module
 */
export { lzmaCompressor } from './lzma-compressor.ts';

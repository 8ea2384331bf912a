/**
 * Zstandard compression for `@kombu/core` on versions of Node.js that do not bring it.
 *
 * @module
 */
export { zstdCompressor } from './zstd-compressor.ts';

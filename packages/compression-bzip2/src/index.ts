/**
 * bzip2 compression for `@kombu/core`.
 *
 * @module
 */
export { bzip2Compressor } from './bzip2-compressor.ts';

/**
 * Importing this module registers LZMA in the default registry.
 *
 * @module
 */
import { compressors } from '@kombu/core';
import { lzmaCompressor } from './lzma-compressor.ts';

compressors.register(lzmaCompressor);

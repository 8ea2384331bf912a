/**
 * Importing this module registers Zstandard in the default registry, where Node.js (from 22.15) has not brought it along.
 *
 * @module
 */
import { compressors } from '@kombu/core';
import { zstdCompressor } from './zstd-compressor.ts';

if (!compressors.names().includes('zstd')) compressors.register(zstdCompressor);

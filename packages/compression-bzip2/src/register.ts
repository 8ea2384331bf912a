/**
 * Importing this module registers bzip2 in the default registry.
 *
 * @module
 */
import { compressors } from '@kombu/core';
import { bzip2Compressor } from './bzip2-compressor.ts';

compressors.register(bzip2Compressor);

/**
 * Importing this module registers the in-memory transport for `memory://` in the default registry.
 *
 * @module
 */
import { transports } from '@kombu/core';
import { memoryTransport } from './memory/memory-transport.ts';

transports.register(memoryTransport);

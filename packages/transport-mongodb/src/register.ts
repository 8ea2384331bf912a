/**
 * Importing this module registers the transport for its schemes in the default registry.
 *
 * @module
 */
import { transports } from '@kombu/core';
import { mongodbTransport } from './transport.ts';

transports.register(mongodbTransport);

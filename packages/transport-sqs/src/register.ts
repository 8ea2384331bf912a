/**
 * Importing this module registers the transport for its scheme in the default registry.
 *
 * @module
 */
import { transports } from '@kombu/core';
import { sqsTransport } from './transport.ts';

transports.register(sqsTransport);

/**
 * Importing this module registers the transport for its schemes in the default registry.
 *
 * @module
 */
import { transports } from '@kombu/core';
import { zookeeperTransport } from './transport.ts';

transports.register(zookeeperTransport);

/**
 * Importing this module registers the transport for `amqp://`, `amqps://` and `pyamqp://` in the default registry.
 *
 * @module
 */
import { transports } from '@kombu/core';
import { amqpTransport } from './transport.ts';

transports.register(amqpTransport);

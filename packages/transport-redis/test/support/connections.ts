import { Connection, type ConnectionOptions } from '@kombu/core';
import { redisTransport, type RedisTransportOptions } from '../../src/index.ts';

/** Trouble is made on purpose here: nobody wants to read of it. */
export const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Is back soon. */
export const quickRecovery = { intervalStart: 5, intervalStep: 5, intervalMax: 50, jitter: false };

/** A connection of the kind that users have, only that it recovers faster. */
export function connectTo(
  url: string,
  transportOptions: RedisTransportOptions,
  options: Omit<ConnectionOptions, 'transport' | 'transportOptions'> = {},
): Connection {
  return new Connection(url, {
    transport: redisTransport,
    transportOptions: { ...transportOptions },
    recovery: quickRecovery,
    logger: silent,
    ...options,
  });
}

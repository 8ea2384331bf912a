import { isIP } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Logger } from '@kombu/core/spi';
import { Redis, type RedisOptions as ClientOptions } from 'ioredis';
import type { RedisClient } from '../client.ts';
import { messageOf, withoutArguments } from './reply-error.ts';

/** Where a server listens. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** How servers are spoken to. */
export interface DialSettings {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly tls: TlsOptions | undefined;
  readonly clientName: string | undefined;
  /** Milliseconds until an attempt is given up. */
  readonly connectTimeout: number;
  readonly keepAlive: boolean;
  readonly logger: Logger;
}

/** A connection that is ready for commands. It never comes back to life. */
export interface Dialled {
  readonly client: RedisClient;
  /** Resolves when the socket is gone, with what went wrong last. */
  readonly ended: Promise<Error | undefined>;
}

/** How long a socket may take to close politely, in milliseconds. */
const disconnectTimeout = 200;

/**
 * Connects, says who we are, and chooses the database. All that ioredis would do on its own about a lost socket is off.
 * Rejects with what the network or the server said.
 */
export async function dial(address: Address, settings: DialSettings, signal: AbortSignal): Promise<Dialled> {
  signal.throwIfAborted();
  const client: RedisClient = new Redis(clientOptions(address, settings));
  let trouble: Error | undefined;
  client.on('error', (error) => (trouble ??= withoutArguments(error)));
  const ended = new Promise<Error | undefined>((resolve) => client.on('end', () => resolve(trouble)));
  const giveUp = (): void => client.disconnect();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await client.connect();
    await introduce(client, settings);
    signal.throwIfAborted();
    return { client, ended };
  } catch (error) {
    client.disconnect();
    signal.throwIfAborted();
    throw trouble ?? withoutArguments(error);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function clientOptions(
  address: Address,
  { tls, connectTimeout, keepAlive }: DialSettings,
): Omit<ClientOptions, 'replyMapping'> {
  return {
    ...address,
    ...(tls && { tls: { ...serverName(address), ...tls } }),
    connectTimeout,
    disconnectTimeout,
    // What is undefined becomes the default; only another kind of value leaves the socket alone.
    keepAlive: keepAlive ? 30_000 : (null as never),
    // The messages of client tracking are lost with RESP3.
    protocol: 2,
    lazyConnect: true,
    retryStrategy: null,
    reconnectOnError: null,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    // The handshake is ours: ioredis takes a refused SELECT for a success, and writes to the console.
    enableReadyCheck: false,
    disableClientInfo: true,
  };
}

/** Which certificate is wanted of a server that has several; an address is no name. */
function serverName(address: Address): TlsOptions {
  return 'host' in address && isIP(address.host) === 0 ? { servername: address.host } : {};
}

async function introduce(client: RedisClient, settings: DialSettings): Promise<void> {
  const { username, password, database, clientName, logger } = settings;
  if (username !== undefined || password !== undefined) {
    const login = username === undefined ? [password ?? ''] : [username, password ?? ''];
    await client.call('AUTH', login).catch((error: unknown) => {
      if (!isNeedless(error)) throw error;
      logger.warn('Redis wants no password, but one was given');
    });
  }
  if (database !== 0) await client.call('SELECT', [database]);
  if (clientName !== undefined) {
    await client.call('CLIENT', ['SETNAME', clientName]).catch((error: unknown) => {
      logger.debug('The connection to Redis could not be given its name', { error: withoutArguments(error) });
    });
  }
}

function isNeedless(error: unknown): boolean {
  return messageOf(error).includes('without any password configured');
}

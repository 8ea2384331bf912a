import type { Target, TransportContext } from '@kombu/core/spi';
import { ConnectionError, InvalidArgumentError, readTlsOptions } from '@kombu/core/spi';
import { MongoClient, type MongoClientOptions, type SupportedTLSConnectionOptions } from 'mongodb';
import { MongoLink, closeClient } from './link.ts';
import { driverQuery, type MongoOptions } from './options.ts';

/** Makes a client and connects it; one attempt. */
export async function connect(target: Target, options: MongoOptions, context: TransportContext): Promise<MongoLink> {
  const client = new MongoClient(connectionString(target), await clientOptions(target, options));
  // Connecting ends with the client.
  const onAbort = (): void => void closeClient(client, context.clock, context.logger);
  context.signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (context.signal.aborted) throw new ConnectionError('Connecting was given up', { code: 'ABORTED' });
    await Promise.race([client.connect(), allRefuse(client)]);
    return new MongoLink(client, context.clock, context.logger);
  } catch (error) {
    await closeClient(client, context.clock, context.logger);
    throw error;
  } finally {
    context.signal.removeEventListener('abort', onAbort);
  }
}

/** Rejects when there is no host left that could answer: the driver would go on trying, which is core's to do. */
function allRefuse(client: MongoClient): Promise<never> {
  return new Promise((_, reject) => {
    client.on('topologyDescriptionChanged', ({ newDescription }) => {
      const servers = [...newDescription.servers.values()];
      const error = servers.find((server) => server.error)?.error;
      if (error && servers.every((server) => server.error)) reject(error);
    });
  });
}

/** The database of a target. As in Kombu, `/` stands for the default one. */
export function databaseOf({ virtualHost }: Target, { defaultDatabase }: MongoOptions): string {
  const name = virtualHost?.replace(/^\//, '');
  return name ? name : defaultDatabase;
}

/** Without credentials: they go beside it, as they are. */
function connectionString(target: Target): string {
  const { scheme, hostname = '127.0.0.1', port, virtualHost } = target;
  const path = virtualHost === undefined || virtualHost === '/' ? '' : encodeURIComponent(virtualHost);
  const query = driverQuery(target).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const host = hostname.includes(':') && !hostname.includes(',') ? `[${hostname}]` : hostname;
  if (scheme !== 'mongodb+srv') {
    return `${scheme}://${host}${port === undefined ? '' : `:${port}`}/${path}?${query.join('&')}`;
  }
  if (port !== undefined) throw new InvalidArgumentError('A mongodb+srv URL names no port: DNS knows it');
  return `${scheme}://${host}/${path}?${query.join('&')}`;
}

async function clientOptions(target: Target, options: MongoOptions): Promise<MongoClientOptions> {
  const { userid, password, ssl } = target;
  // The driver names each server itself.
  const tls = await readTlsOptions({ ...target, hostname: undefined }, false);
  return {
    appName: 'kombu',
    // What to do again is decided above the transport.
    retryReads: false,
    retryWrites: false,
    connectTimeoutMS: options.connectTimeout,
    socketTimeoutMS: options.socketTimeout,
    serverSelectionTimeoutMS: options.connectTimeout,
    waitQueueTimeoutMS: options.socketTimeout,
    heartbeatFrequencyMS: options.healthCheckInterval,
    // A check that waits for news at the server cannot tell silence from death.
    serverMonitoringMode: 'poll',
    ...(userid === undefined ? {} : { auth: { username: userid, password: password ?? '' } }),
    ...(ssl === undefined ? {} : { tls: tls !== undefined, ...(tls as SupportedTLSConnectionOptions) }),
    // A publish is confirmed when no failover can lose it any more.
    ...(driverQuery(target).some(([name]) => name.toLowerCase() === 'w')
      ? {}
      : { writeConcern: { w: 'majority', wtimeoutMS: options.socketTimeout } }),
    readPreference: 'primary',
  };
}

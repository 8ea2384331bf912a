import type { ConnectionOptions } from '@kombu/core';
import { Connection } from '@kombu/core';
import type { Logger, Target } from '@kombu/core/spi';
import { parseUrl, redactUrl, silentLogger, systemClock } from '@kombu/core/spi';
import type { RabbitMq } from '@kombu/services';
import { service } from '@kombu/services';
import { amqpTransport } from '../../src/index.ts';

/** A virtual host of the shared broker for one test file, and what was opened to it. */
export class TestBroker {
  readonly server: RabbitMq;
  readonly virtualHost: string;
  readonly url: string;
  readonly #connections: Connection[] = [];

  constructor(server: RabbitMq, virtualHost: string, url: string) {
    this.server = server;
    this.virtualHost = virtualHost;
    this.url = url;
  }

  static async open(): Promise<TestBroker> {
    const server = await service('amqp');
    const { name, url } = await server.createVirtualHost();
    return new TestBroker(server, name, url);
  }

  /** A connection that is closed with the test; `port`: that of a proxy. */
  connection(options: ConnectionOptions & { readonly port?: number } = {}): Connection {
    const { port, ...rest } = options;
    return this.connectionTo(port === undefined ? this.url : this.urlVia(port), rest);
  }

  /** The same to another URL. */
  connectionTo(url: string, options: ConnectionOptions = {}): Connection {
    const connection = new Connection(url, { transport: amqpTransport, logger: silentLogger, ...options });
    this.#connections.push(connection);
    return connection;
  }

  urlVia(port: number): string {
    const url = new URL(this.url);
    url.hostname = '127.0.0.1';
    url.port = String(port);
    return url.href;
  }

  /** Where the broker listens, for a proxy. */
  get address(): { readonly host: string; readonly port: number } {
    const { hostname, port } = new URL(this.url);
    return { host: hostname, port: Number(port) };
  }

  async closeConnections(): Promise<void> {
    await Promise.all(this.#connections.splice(0).map((connection) => connection.close({ timeout: 2000 })));
  }

  async close(): Promise<void> {
    await this.closeConnections();
    await this.server.deleteVirtualHost(this.virtualHost);
  }
}

/** A target as core makes it of a URL. */
export function targetOf(url: string, parts: Partial<Target> = {}): Target {
  const target: Target = {
    ...parseUrl(url),
    heartbeat: undefined,
    options: {},
    alternates: [],
    url,
    display: redactUrl(url),
    ...parts,
  };
  return { ...target, alternates: [target] };
}

/** What core lends to a transport. */
export function contextOf(logger: Logger = silentLogger): {
  logger: Logger;
  clock: typeof systemClock;
  random: () => number;
  signal: AbortSignal;
} {
  return { logger, clock: systemClock, random: Math.random, signal: new AbortController().signal };
}

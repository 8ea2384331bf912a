import { randomUUID } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { Connection, Queue } from '@kombu/core';
import type { ConnectionOptions } from '@kombu/core';
import { silentLogger } from '@kombu/core/spi';
import type { RabbitMq } from '@kombu/services';
import { service } from '@kombu/services';
import { amqpTransport } from '../src/index.ts';
import { eventually } from './support/eventually.ts';

let server: RabbitMq;

beforeAll(async () => {
  server = await service('amqp');
});

/** Connects, sends a message to itself, and answers the code of the error if there is one. */
async function attempt(url: string, options: ConnectionOptions = {}): Promise<string> {
  const connection = new Connection(url, { transport: amqpTransport, logger: silentLogger, ...options });
  try {
    await connection.ensureConnection({ maxRetries: 0 });
    const queue = new Queue<string>(`tls-${randomUUID()}`, { exclusive: true, durable: false });
    await connection.producer().publish('hello', { routingKey: queue.name, declare: [queue], mandatory: true });
    return (await queue.get(connection, { noAck: true }))?.payload ?? 'nothing';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await connection.close();
  }
}

/** One of the broker's URLs; the tests of TLS need it, and a broker that was given by its URL may not have it. */
function variant(name: string): URL | undefined {
  const url = server.variants[name];
  return url === undefined ? undefined : new URL(url);
}

describe('TLS', () => {
  it('works with the authority of the broker, and on both sockets', async () => {
    const url = variant('tls');
    if (url) expect(await attempt(url.href)).toBe('hello');
  });

  it('trusts nobody without being told, unlike Python', async () => {
    const url = variant('tls');
    if (!url) return;
    url.searchParams.delete('ssl_ca_certs');
    expect(await attempt(url.href)).toBe('CONNECTION_FAILED');
    url.searchParams.set('ssl_cert_reqs', 'none');
    expect(await attempt(url.href)).toBe('hello');
  });

  it('is had by the option ssl too, for any scheme', async () => {
    const url = variant('tls');
    if (!url) return;
    const ca = url.searchParams.get('ssl_ca_certs');
    const plain = url.href.replace('amqps:', 'amqp:').replace(/\?.*/, '');
    expect(await attempt(plain, { ssl: { ca_certs: ca } })).toBe('hello');
    expect(await attempt(plain, { ssl: { ca_certs: '/no/such/file.pem' } })).toBe('INVALID_ARGUMENT');
  });

  it('on a port that speaks none fails', async () => {
    expect(await attempt(server.url.replace('amqp:', 'amqps:'))).toBe('CONNECTION_FAILED');
  });

  it('with a peer that never answers is given up with the connect timeout, and no socket stays', async () => {
    const accepted: Socket[] = [];
    const mute = createServer((socket) => {
      accepted.push(socket.on('error', () => {}).resume());
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    expect(await attempt(`amqps://127.0.0.1:${port}//`, { connectTimeout: 200 })).toBe('CONNECTION_FAILED');
    await eventually('the end of the socket', () => accepted.length > 0 && accepted.every((socket) => socket.closed));
    mute.close();
  });

  it('with a certificate of the client needs no password (EXTERNAL)', async () => {
    const url = variant('external');
    if (!url) return;
    expect(await attempt(url.href)).toBe('hello');
    url.searchParams.delete('ssl_certfile');
    url.searchParams.delete('ssl_keyfile');
    expect(['ACCESS_REFUSED', 'UNSUPPORTED', 'CONNECTION_FAILED']).toContain(await attempt(url.href));
  });

  it('is not needed for the other ways to log in', async () => {
    for (const loginMethod of ['PLAIN', 'AMQPLAIN']) {
      expect(await attempt(server.url, { transportOptions: { loginMethod } })).toBe('hello');
    }
    expect(await attempt(server.url, { transportOptions: { loginMethod: 'EXTERNAL' } })).toMatch(
      /^(UNSUPPORTED|ACCESS_REFUSED)$/,
    );
  });
});

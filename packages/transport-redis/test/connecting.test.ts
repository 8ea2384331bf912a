import { createServer, type AddressInfo, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { Connection } from '@kombu/core';
import type { LogFields } from '@kombu/core/spi';
import { describePrivateService, describeService, type Redis as RedisService } from '@kombu/services';
import { redisTransport } from '../src/index.ts';
import { openTestStore, newPrefix } from './support/stores.ts';
import { connectRaw } from './support/raw.ts';
import { until } from '@kombu/test-kit';

class Log {
  readonly lines: string[] = [];
  readonly debug = (): void => undefined;
  readonly info = (): void => undefined;
  readonly warn = (message: string, fields?: LogFields): void => void this.lines.push(message + inspect(fields));
  readonly error = this.warn;
}

async function roundTrip(url: string, transportOptions: object = {}): Promise<string> {
  const options = { globalKeyprefix: newPrefix(), ...transportOptions };
  await using connection = new Connection(url, { transport: redisTransport, transportOptions: options });
  const queue = connection.simpleQueue<string>('q');
  await queue.put('hello');
  const message = await queue.get({ timeout: 10_000 });
  await message.ack();
  return message.payload;
}

await describeService('redis', 'connecting', (redis) => {
  const { url, variants } = redis;
  const withTls = variants['tls'] === undefined ? it.skip : it;
  const withSocket = variants['socket'] === undefined ? it.skip : it;

  withTls('works over TLS', async () => {
    expect(await roundTrip(variants['tls'] ?? '')).toBe('hello');
  });

  withTls('checks the certificate unless it is told not to', async () => {
    const bare = (variants['tls'] ?? '').replace(/\?.*/, '');
    await expect(openTestStore(bare)).rejects.toThrow(/certificate/);
    expect(await roundTrip(`${bare}?ssl_cert_reqs=none`)).toBe('hello');
    const attempt = new Connection(bare, { transport: redisTransport }).connect();
    await expect(attempt).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
  });

  withSocket('works over a unix socket', async () => {
    expect(await roundTrip(variants['socket'] ?? '')).toBe('hello');
    expect(await roundTrip(`${variants['socket'] ?? ''}?virtual_host=1`)).toBe('hello');
    await expect(openTestStore('redis+socket:///no/such/socket')).rejects.toThrow(/ENOENT/);
  });

  it('R34: an ACL user may work here, and a wrong password is called wrong without being told', async () => {
    const raw = await connectRaw(url);
    await raw.call('ACL', 'SETUSER', 'bob', 'on', '>s3cret-word', '~*', '&*', '+@all', '-info', '-config');
    try {
      const as = (userinfo: string): string => url.replace('redis://', `redis://${userinfo}@`);
      expect(await roundTrip(as('bob:s3cret-word'))).toBe('hello');
      const attempt = new Connection(as('bob:wr0ng-word'), { transport: redisTransport }).connect();
      const error: unknown = await attempt.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'ACCESS_REFUSED', message: expect.stringContaining('WRONGPASS') });
      expect(inspect(error, { depth: 10 })).not.toContain('wr0ng-word');
    } finally {
      await raw.call('ACL', 'DELUSER', 'bob');
      await raw.quit();
    }
  });

  it('goes on with a password that nobody wants, and says so', async () => {
    const log = new Log();
    const store = await openTestStore(url.replace('redis://', 'redis://:needless@'), {}, { logger: log });
    await store.close();
    expect(log.lines.filter((line) => line.includes('wants no password'))).toHaveLength(2);
    expect(log.lines.join()).not.toContain('needless');
  });

  it('refuses a database that is not there, and does not use another one', async () => {
    const attempt = new Connection(url.replace(/\/\d*$/, '/999'), { transport: redisTransport }).connect();
    await expect(attempt).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('names its connections', async () => {
    const raw = await connectRaw(url);
    const store = await openTestStore(url, { clientName: 'kombu-named' });
    expect(String(await raw.client('LIST')).match(/name=kombu-named /g)).toHaveLength(2);
    await store.close();
    await raw.quit();
  });

  it("takes Kombu's options that mean nothing here, and says so", async () => {
    const log = new Log();
    const options = {
      queueOrderStrategy: 'round_robin',
      maxConnections: 10,
      unackedMutexKey: 'm',
      retryOnTimeout: true,
    };
    const store = await openTestStore(url, options, { logger: log });
    await store.close();
    for (const name of Object.keys(options)) expect(log.lines.join('\n')).toContain(`${name} has no effect`);
  });

  it('gives up when the signal fires, and leaves no connection', async () => {
    const raw = await connectRaw(url);
    for (let turns = 0; turns < 12; turns++) {
      const connection = new Connection(url, {
        transport: redisTransport,
        transportOptions: { clientName: 'given-up' },
      });
      const stop = new AbortController();
      const attempt = connection.connect({ signal: stop.signal }).catch(() => undefined);
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      stop.abort();
      await attempt;
      await connection.close();
    }
    await until('all sockets are closed', async () => !String(await raw.client('LIST')).includes('given-up'));
    await raw.quit();
  });

  it('R5: a server that accepts a connection and says nothing is given up in time', async () => {
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => void sockets.add(socket.resume().on('close', () => sockets.delete(socket))));
    await new Promise<void>((resolve) => void mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    for (const userinfo of ['', ':password@']) {
      const attempt = openTestStore(`redis://${userinfo}127.0.0.1:${port}`, {
        socketConnectTimeout: 100,
        healthCheckInterval: 0,
      });
      await expect(attempt).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    }
    await until('all sockets are closed', () => sockets.size === 0);
    mute.close();
  });

  it('R34: a password may have any characters in a URL', async () => {
    const raw = await connectRaw(url);
    const password = 'p@ss:w/rd%?#&ü 🎈';
    await raw.call('ACL', 'SETUSER', 'odd', 'on', `>${password}`, '~*', '&*', '+@all');
    try {
      const given = url.replace('redis://', `redis://odd:${encodeURIComponent(password)}@`);
      expect(await roundTrip(given)).toBe('hello');
    } finally {
      await raw.call('ACL', 'DELUSER', 'odd');
      await raw.quit();
    }
  });

  it('refuses a URL of several servers that is not a cluster, and the other way round', async () => {
    await expect(openTestStore('redis://a,b')).rejects.toThrow(/redis-cluster/);
    const port = new URL(url).port;
    await expect(openTestStore(`redis-cluster://127.0.0.1:${port}`)).rejects.toThrow(/no member of a cluster/);
    await expect(openTestStore(`sentinel://127.0.0.1:${port}`)).rejects.toThrow(/masterName/);
  });
});

await describePrivateService('redis', 'a server', (start) => {
  let redis: RedisService;
  beforeAll(async () => {
    redis = await start({ maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' });
  });
  afterAll(() => redis.close());

  it('that may drop messages is warned of', async () => {
    const log = new Log();
    const store = await openTestStore(redis.url, {}, { logger: log });
    await store.close();
    expect(log.lines).toEqual([expect.stringContaining('maxmemory-policy')]);
  });

  it('that is a replica is not taken', async () => {
    await redis.command('REPLICAOF', '127.0.0.1', '1');
    const attempt = new Connection(redis.url, { transport: redisTransport }).connect();
    await expect(attempt).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining('replica'),
    });
    await redis.command('REPLICAOF', 'NO', 'ONE');
  });
});

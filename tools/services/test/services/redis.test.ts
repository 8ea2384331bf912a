import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import {
  describePrivateService,
  findService,
  NotOwnedError,
  privateService,
  releaseServices,
  service,
  type Redis,
} from '@kombu/services';
import { ownServicesFolder } from '../temporary-folder.ts';

const folder = ownServicesFolder();
const built = join(import.meta.dirname, '../../dist/main.js');

/** The command line, as a process of its own. */
async function services(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [built, ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return stdout;
}

/** As if the process that needs the server had died. */
function leave(server: Redis): void {
  const users = join(server.instance.folder, 'users');
  const dead = JSON.stringify({ pid: process.pid, started: 'long ago' });
  for (const name of readdirSync(users)) writeFileSync(join(users, name), dead);
}

async function ping(socket: Socket): Promise<string> {
  socket.write('PING\r\n');
  try {
    for await (const bytes of socket) return String(bytes);
    return '';
  } finally {
    socket.destroy();
  }
}

await describePrivateService('redis', 'a shared server', () => {
  afterEach(() => services('down'));

  it('is started once when several need it at once, and outlives who started it', async () => {
    const urls = await Promise.all([services('url', 'redis'), services('url', 'redis')]);
    const redis = await service('redis');
    expect(urls).toEqual([`${redis.url}\n`, `${redis.url}\n`]);
    expect(await redis.command('PING')).toBe('PONG');
    expect(readFileSync(redis.instance.folder + '/redis.log', 'utf8').match(/Ready to accept/g)).toHaveLength(1);
  });

  it('answers by all its variants', async () => {
    const redis = await service('redis');
    const tls = new URL(redis.variants['tls'] ?? '');
    const ca = readFileSync(tls.searchParams.get('ssl_ca_certs') ?? '');
    expect(await ping(connectTls({ host: tls.hostname, port: Number(tls.port), ca }))).toBe('+PONG\r\n');
    expect(redis.variants['socket']).toBe(`redis+socket://${redis.socket}`);
    expect(await ping(connect(redis.socket))).toBe('+PONG\r\n');
    expect((await services('url', 'redis:tls')).trim()).toBe(redis.variants['tls']);
  });

  it('is replaced when it broke down', async () => {
    const redis = await service('redis');
    await redis.kill();
    expect(await services('status', 'redis')).toContain('redis: broken');
    const again = await service('redis');
    expect([again.url, again.running]).toEqual([redis.url, true]);
  });

  it('is stopped when the last process that needs it says so, and no person wants it', async () => {
    const redis = await service('redis');
    await services('up', 'redis');
    expect(await releaseServices()).toEqual([]);
    expect(redis.running).toBe(true);
    await services('down', 'redis');
    expect(redis.running).toBe(false);

    await service('redis');
    expect(await releaseServices()).toEqual(['redis']);
    expect(existsSync(redis.instance.folder)).toBe(false);
  });

  it('is all that down stops, beside private ones of processes that died', async () => {
    await using mine = await privateService('redis');
    const orphan = await privateService('redis');
    const redis = await service('redis');
    leave(orphan);
    await services('down');
    expect([mine.running, orphan.running, redis.running]).toEqual([true, false, false]);
  });
});

await describePrivateService('redis', 'a server that the environment names', (start) => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await start();
    process.env['KOMBU_TEST_REDIS_URL'] = redis.url;
    process.env['KOMBU_TEST_REDIS_TLS_URL'] = redis.variants['tls'];
  });
  afterAll(async () => {
    delete process.env['KOMBU_TEST_REDIS_URL'];
    delete process.env['KOMBU_TEST_REDIS_TLS_URL'];
    await redis.close();
  });

  it('is used as it is', async () => {
    const given = await service('redis');
    expect([given.url, given.owned, given.variants]).toEqual([redis.url, false, { tls: redis.variants['tls'] }]);
    expect(await services('url', 'redis')).toBe(`${redis.url}\n`);
    expect(existsSync(join(folder, 'redis'))).toBe(false);
  });

  it('is never stopped', async () => {
    const given = await service('redis');
    await expect(given.stop()).rejects.toThrow(NotOwnedError);
    await expect(given.kill()).rejects.toThrow('given by KOMBU_TEST_REDIS_URL');
    await given.close();
    await services('down');
    expect(await redis.command('PING')).toBe('PONG');
  });

  it('is shown without its URL, which may hold a password', async () => {
    expect(await services('status', 'redis')).toBe('redis: the server that KOMBU_TEST_REDIS_URL names\n');
  });
});

await describePrivateService('redis', 'a private server', (start) => {
  it('stops, starts, pauses and closes without touching another', async () => {
    await using other = await start();
    const redis = await start({ maxclients: '17' });
    expect(redis.url).not.toBe(other.url);
    expect(await redis.command('CONFIG', 'GET', 'maxclients')).toContain('17');
    const { pids } = redis;
    await redis.restart();
    expect(redis.pids).not.toEqual(pids);
    redis.pause();
    const answer = redis.command('PING');
    redis.resume();
    expect(await answer).toBe('PONG');
    await redis.close();
    expect([redis.running, existsSync(redis.instance.folder), other.running]).toEqual([false, false, true]);
  });

  it('fails at once with the reason when the server does not start, and leaves nothing behind', async () => {
    const before = readdirSync(folder);
    await expect(start({ 'no-such-directive': '1' })).rejects.toThrow(/redis ended[^]*no-such-directive/);
    expect(readdirSync(folder)).toEqual(before);
    expect(readdirSync(join(folder, 'ports'))).toEqual([]);
  });
});

describe('findService', () => {
  const { PATH, KOMBU_REQUIRE_SERVICES } = process.env;
  afterEach(() => {
    Object.assign(process.env, { PATH, KOMBU_REQUIRE_SERVICES: KOMBU_REQUIRE_SERVICES ?? '' });
  });

  it('tells why there is no server, or throws when there has to be one', async () => {
    process.env['PATH'] = folder;
    process.env['KOMBU_REQUIRE_SERVICES'] = '';
    const { reason } = await findService('redis');
    expect(reason).toMatch(/^No redis-server on this machine, and this machine has no apt-get/);
    process.env['KOMBU_REQUIRE_SERVICES'] = 'amqp, redis';
    await expect(findService('redis')).rejects.toThrow('KOMBU_TEST_REDIS_URL');
  });
});

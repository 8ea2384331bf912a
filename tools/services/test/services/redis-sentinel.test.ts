import { describePrivateService, type RedisSentinel } from '@kombu/services';
import { ownServicesFolder } from '../temporary-folder.ts';

ownServicesFolder();

await describePrivateService('redis-sentinel', 'redis-sentinel', (start) => {
  let redis: RedisSentinel;
  beforeAll(async () => {
    redis = await start();
  });
  afterAll(() => redis.close());

  it('fails over to the replica, which has what the master had', async () => {
    expect(await redis.master()).toBe('redis1');
    await redis.command('redis1', 'SET', 'key', 'value');
    await redis.command('redis1', 'WAIT', '1', '5000');
    expect(await redis.failOver()).toBe('redis2');
    expect(await redis.master()).toBe('redis2');
    expect(await redis.command('redis1', 'GET', 'key')).toBe('value');
    expect(await redis.command('redis1', 'ROLE')).toMatch(/^slave/);
  });
});

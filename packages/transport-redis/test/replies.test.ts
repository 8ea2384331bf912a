import { Connection, Queue } from '@kombu/core';
import { describePrivateService, describeService, type Redis as RedisService } from '@kombu/services';
import type { Redis } from 'ioredis';
import { redisTransport } from '../src/index.ts';
import { connectRaw } from './support/raw.ts';
import { RespProxy } from './support/resp-proxy.ts';
import { newPrefix } from './support/stores.ts';
import { until } from '@kombu/test-kit';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const recovery = { intervalStart: 5, intervalStep: 5, intervalMax: 50, jitter: false };

const refused = [
  "READONLY You can't write against a read only replica.",
  'LOADING Redis is loading the dataset in memory',
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  'CLUSTERDOWN The cluster is down',
];

await describeService('redis', 'a server that refuses', ({ url }) => {
  let raw: Redis;
  const globalKeyprefix = newPrefix();
  const list = `${globalKeyprefix}q`;

  beforeAll(async () => {
    raw = await connectRaw(url);
  });
  afterEach(() => raw.del(list));
  afterAll(() => raw.quit());

  /** Of a publish whose LPUSH is answered with this error: its code, and that of the next one, over a new connection. */
  async function publishTwice(error: string): Promise<readonly (string | undefined)[]> {
    let left = 1;
    const proxy = await RespProxy.listen(new URL(url), (command) =>
      command === 'LPUSH' && left-- > 0 ? error : undefined,
    );
    const connection = new Connection(proxy.url, {
      transport: redisTransport,
      transportOptions: { globalKeyprefix },
      recovery,
      logger,
    });
    try {
      const publish = async (): Promise<string | undefined> =>
        connection
          .producer()
          .publish('x', { routingKey: 'q', retry: false, timeout: 20_000 })
          .then(({ guarantee }) => guarantee)
          .catch((reason: { code?: string }) => reason.code);
      const first = await publish();
      const before = proxy.accepted;
      const second = await publish();
      return [first, second, proxy.accepted > before ? 'a new link' : 'the same link'];
    } finally {
      await connection.close();
      proxy.close();
    }
  }

  it.each(refused)(
    'R17: a server that refuses is left for another connection, and the message was certainly not sent (%s)',
    async (error) => {
      expect(await publishTwice(error)).toEqual(['CONNECTION_LOST', 'confirmed', 'a new link']);
      expect(await raw.llen(list)).toBe(1);
    },
  );

  it('R17: a server that changes its role leaves open what became of the message', async () => {
    const error = 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)';
    expect(await publishTwice(error)).toEqual(['PUBLISH_UNCERTAIN', 'confirmed', 'a new link']);
  });

  it('R17: a server without memory or disk keeps its connection', async () => {
    for (const error of ["OOM command not allowed when used memory > 'maxmemory'.", 'MISCONF cannot save']) {
      expect(await publishTwice(error)).toEqual(['BLOCKED', 'confirmed', 'the same link']);
    }
  });

  it.each(['LOADING Redis is loading the dataset in memory', 'NOREPLICAS Not enough good replicas to write.'])(
    'R17: a server that cannot be used yet is asked again until it can (%s)',
    async (error) => {
      let left = 5;
      const proxy = await RespProxy.listen(new URL(url), (command) =>
        ['INFO', 'CLIENT'].includes(command) && left-- > 0 ? error : undefined,
      );
      const transportOptions = { globalKeyprefix };
      const connection = new Connection(proxy.url, { transport: redisTransport, transportOptions, recovery, logger });
      const { guarantee } = await connection.producer().publish('x', { routingKey: 'q', timeout: 20_000 });
      expect([guarantee, left <= 0]).toEqual(['confirmed', true]);
      await connection.close();
      proxy.close();
    },
  );
});

await describePrivateService('redis', 'a master', (start) => {
  let redis: RedisService;
  beforeAll(async () => {
    redis = await start();
  });
  afterAll(() => redis.close());

  it('R17: a master that becomes a replica is left, and consumers and publishers go on when there is one again', async () => {
    const options = { transport: redisTransport, recovery, logger };
    await using consuming = new Connection(redis.url, options);
    await using publishing = new Connection(redis.url, options);
    const got: string[] = [];
    await consuming.consume(new Queue<string>('work'), async (body, message) => {
      got.push(body);
      await message.ack();
    });
    const producer = publishing.producer();
    await producer.publish('before', { routingKey: 'work' });
    await until('the first is delivered', () => got.length === 1);
    await redis.command('REPLICAOF', '127.0.0.1', '1');
    const during = producer.publish('refused', { routingKey: 'work', retry: false });
    await expect(during).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    const waiting = producer.publish('waiting', { routingKey: 'work', timeout: 20_000 });
    expect(publishing.connected).toBe(false);
    await redis.command('REPLICAOF', 'NO', 'ONE');
    await waiting;
    await until('the consumer goes on', () => got.includes('waiting'));
    expect(got).toEqual(['before', 'waiting']);
  });
});

import { setTimeout } from 'node:timers/promises';
import { Connection, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { Ledger, TcpProxy } from '@kombu/testing';
import { azureStorageQueueTransport } from '../src/index.ts';
import { serviceName } from '../src/queue-name.ts';
import { rawQueue } from './support/raw.ts';
import { startWorker } from './support/start-worker.ts';
import { newPrefix } from './support/stores.ts';
import { until } from '@kombu/test-kit';

async function publish(connection: Connection, ledger: Ledger, name: string, count: number): Promise<void> {
  const publishing = Array.from({ length: count }, () => {
    const id = ledger.newId();
    const done = connection.producer().publish(id, { routingKey: name, declare: [new Queue(name)] });
    return ledger.track(
      id,
      done.then(({ guarantee }) => guarantee),
    );
  });
  await Promise.all(publishing);
}

/** Consumes until all is settled. */
async function drain(connection: Connection, ledger: Ledger, name: string, settled: Set<string>, count: number) {
  await connection.consume(new Queue<string>(name), async (id, message) => {
    ledger.delivered(id, message.deliveryInfo.redelivered);
    const outcome = await message.ack();
    ledger.settled(id, outcome);
    if (outcome === 'ok') settled.add(id);
  });
  await until('all are settled', () => settled.size === count, 25_000);
}

await describeService('azure-storage-queue', 'what breaks', ({ url }) => {
  const queueNamePrefix = newPrefix();
  const options = { queueNamePrefix, leaseMs: 2000, pollingInterval: 100, requestTimeout: 1000 };
  const { hostname, port } = new URL(url.slice(url.lastIndexOf('@') + 1));
  let proxy: TcpProxy;
  let proxied: string;

  beforeAll(async () => {
    proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
    proxied = url.replace(`:${port}/`, `:${proxy.port}/`);
  });
  afterEach(() => proxy.heal());
  afterAll(() => proxy.close());

  function connect(to = url): Connection {
    return new Connection(to, {
      transport: azureStorageQueueTransport,
      transportOptions: options,
      recovery: { intervalStart: 10, intervalStep: 10, intervalMax: 50 },
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    });
  }

  it('a consumer that is killed with messages in its hands loses none (R3)', async () => {
    await using connection = connect();
    const ledger = new Ledger();
    await publish(connection, ledger, 'held', 30);
    const worker = await startWorker(url, options, 'held', 'hold');
    await until(
      'it has its prefetch',
      () => worker.lines.filter((line) => line.startsWith('got ')).length === 20,
      20_000,
    );
    await worker.kill();
    for (const line of worker.lines) if (line.startsWith('got ')) ledger.delivered(line.slice(4), false);
    await drain(connection, ledger, 'held', new Set(), 30);
    ledger.assertNothingLost({ everySettled: true, allowDuplicates: true });
  });

  it('a consumer that is killed while it acks loses none', async () => {
    await using connection = connect();
    const ledger = new Ledger();
    const settled = new Set<string>();
    await publish(connection, ledger, 'acked', 60);
    const worker = await startWorker(url, options, 'acked', 'ack');
    await until('it is in the middle', () => worker.lines.filter((line) => line.startsWith('ok ')).length >= 5, 20_000);
    await worker.kill();
    for (const line of worker.lines) {
      const [what = '', id = ''] = line.split(' ');
      if (what === 'got') ledger.delivered(id, false);
      if (what !== 'ok') continue;
      ledger.settled(id, 'ok');
      settled.add(id);
    }
    // Acks that were carried out and not told of any more.
    const left = async (): Promise<number> => {
      const properties = await rawQueue(url, serviceName(queueNamePrefix, 'acked')).getProperties();
      return properties.approximateMessagesCount ?? 0;
    };
    const untold = 60 - settled.size - (await left());
    expect(untold).toBeGreaterThanOrEqual(0);
    expect(untold).toBeLessThanOrEqual(20);
    await drain(connection, ledger, 'acked', settled, 60 - untold);
    await until('the queue is empty', async () => (await left()) === 0, 20_000);
  });

  it.each(['reset', 'blackhole', 'refuse'] as const)('a network in trouble costs no message (%s)', async (fault) => {
    const ledger = new Ledger();
    const settled = new Set<string>();
    const producer = connect();
    const consumer = connect(proxied);
    await publish(producer, ledger, fault, 20);
    await consumer.consume(new Queue<string>(fault), async (id, message) => {
      ledger.delivered(id, message.deliveryInfo.redelivered);
      const outcome = await message.ack();
      ledger.settled(id, outcome);
      if (outcome === 'ok') settled.add(id);
    });
    await until('it works', () => settled.size > 0, 20_000);
    proxy[fault]();
    await publish(producer, ledger, fault, 20);
    await setTimeout(1300);
    await proxy.heal();
    await publish(producer, ledger, fault, 5);
    const left = async (): Promise<number> => {
      const properties = await rawQueue(url, serviceName(queueNamePrefix, fault)).getProperties();
      return properties.approximateMessagesCount ?? 0;
    };
    await until('the queue is empty', async () => (await left()) === 0, 20_000);
    // An ack may have been carried out although its answer was lost.
    await until('handlers are done', () => settled.size > 20, 20_000);
    ledger.assertNothingLost({ allowDuplicates: true });
    await Promise.all([producer.close(), consumer.close()]);
  });

  it('close ends soon on a dead network (R10)', async () => {
    const connection = connect(proxied);
    await connection.consume(new Queue('closing'), () => undefined);
    proxy.blackhole();
    const before = performance.now();
    await connection.close();
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});

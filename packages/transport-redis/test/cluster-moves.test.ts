import { setTimeout } from 'node:timers/promises';
import { Connection, Queue } from '@kombu/core';
import { describePrivateService, type RedisCluster } from '@kombu/services';
import { Ledger } from '@kombu/testing';
import * as fc from 'fast-check';
import { redisTransport } from '../src/index.ts';
import { keySlot } from '../src/servers/key-slot.ts';
import { newPrefix } from './support/stores.ts';
import { until } from '@kombu/test-kit';

const logger = { debug() {}, info() {}, warn() {}, error() {} };

await describePrivateService('redis-cluster', 'a cluster that changes', (start) => {
  let cluster: RedisCluster;
  const nodes = ['node1', 'node2', 'node3'] as const;
  beforeAll(async () => {
    cluster = await start();
  }, 60_000);
  afterAll(() => cluster.close());

  async function ownerOf(slot: number): Promise<(typeof nodes)[number]> {
    const lines = (await cluster.command('node1', 'CLUSTER', 'NODES')).split('\n');
    const holds = (line: string): boolean =>
      line
        .split(' ')
        .slice(8)
        .some((range) => {
          const [first, last = first] = range.split('-').map(Number);
          return first !== undefined && last !== undefined && slot >= first && slot <= last;
        });
    const port = /:(\d+)@/.exec(lines.find(holds) ?? '')?.[1];
    return nodes.find((node) => String(cluster.ports[node]) === port) ?? 'node1';
  }

  /** Moves a slot to another node as redis-cli does it, one key after the other. */
  async function move(slot: number): Promise<void> {
    const from = await ownerOf(slot);
    const to = nodes.find((node) => node !== from) ?? from;
    const id = async (node: string): Promise<string> => cluster.command(node, 'CLUSTER', 'MYID');
    const [fromId, toId] = [await id(from), await id(to)];
    await cluster.command(to, 'CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', fromId);
    await cluster.command(from, 'CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', toId);
    for (;;) {
      const key = await cluster.command(from, 'CLUSTER', 'GETKEYSINSLOT', String(slot), '1');
      if (key === '') break;
      await cluster
        .command(from, 'MIGRATE', '127.0.0.1', String(cluster.ports[to]), key, '0', '5000')
        .catch(() => undefined);
    }
    for (const node of [to, from, ...nodes])
      await cluster.command(node, 'CLUSTER', 'SETSLOT', String(slot), 'NODE', toId);
  }

  it('R19: a cluster moves the slot of a busy queue, and nothing is lost', async () => {
    const globalKeyprefix = newPrefix();
    const transportOptions = { globalKeyprefix, leaseMs: 2000, unackedRestoreInterval: 100 };
    const options = { transport: redisTransport, transportOptions, logger };
    await using consuming = new Connection(cluster.url, options);
    await using publishing = new Connection(cluster.url, options);
    const ledger = new Ledger();
    await consuming.consume(
      new Queue<string>('work'),
      async (id, message) => {
        ledger.delivered(id, message.deliveryInfo.redelivered);
        ledger.settled(id, await message.ack());
      },
      { prefetch: 10 },
    );
    const producer = publishing.producer();
    const publishes: Promise<unknown>[] = [];
    const over = new AbortController();
    const publisher = (async () => {
      while (!over.signal.aborted) {
        const id = ledger.newId();
        const sent = producer.publish(id, { routingKey: 'work', timeout: 30_000 });
        publishes.push(
          ledger.track(
            id,
            sent.then(({ guarantee }) => guarantee),
          ),
        );
        await setTimeout(2);
      }
    })();
    const slot = keySlot(`${globalKeyprefix}{work}`);
    for (let round = 0; round < 3; round++) await move(slot);
    over.abort();
    await publisher;
    await Promise.all(publishes);
    await until('all is settled', async () => {
      const owner = await ownerOf(slot);
      return (await cluster.command(owner, 'CLUSTER', 'COUNTKEYSINSLOT', String(slot))) === '0';
    });
    ledger.assertNothingLost({ allowDuplicates: true, allowLostAcks: true });
  }, 60_000);

  it('R19: a cluster moves the slot of a queue that is waited for, and the consumer hears what comes there', async () => {
    const globalKeyprefix = newPrefix();
    const transportOptions = { globalKeyprefix, healthCheckInterval: 100 };
    const options = { transport: redisTransport, transportOptions, logger };
    await using consuming = new Connection(cluster.url, options);
    const got: string[] = [];
    await consuming.consume(new Queue<string>('quiet'), async (body, message) => {
      got.push(body);
      await message.ack();
    });
    await using publishing = new Connection(cluster.url, options);
    for (let round = 0; round < 3; round++) {
      await move(keySlot(`${globalKeyprefix}{quiet}`));
      await publishing.producer().publish(`m${round}`, { routingKey: 'quiet' });
      await until('the message is delivered', () => got.length === round + 1);
    }
    expect(got).toEqual(['m0', 'm1', 'm2']);
  }, 60_000);

  it('has the slots that are reckoned here', async () => {
    const text = fc.string({ unit: fc.constantFrom('{', '}', 'a', 'ü', '🎈', ' ') });
    await fc.assert(
      fc.asyncProperty(text, async (key) => {
        expect(keySlot(key)).toBe(Number(await cluster.command('node1', 'CLUSTER', 'KEYSLOT', key)));
      }),
      { numRuns: 30 },
    );
  });
});

import { Queue } from '@kombu/core';

import { LeakProbe } from '../src/leak-probe.ts';
import { createMemoryTransport } from '../src/memory/memory-transport.ts';
import { Bench } from '../test/client/support/bench.ts';
import { openAndClose } from '../test/client/support/open-and-close.ts';

const MiB = 1024 * 1024;

it('10 000 connections that open, publish, consume and close leave nothing behind, the heap included', async () => {
  const transport = createMemoryTransport();
  await openAndClose(transport, 500);
  const gauges = { connections: () => transport.broker()?.connections ?? 0 };
  const probe = await LeakProbe.start({ gauges, heap: true });
  await openAndClose(transport, 10_000);
  await probe.assertClean({ maxHeapGrowth: 2 * MiB });
}, 300_000);

it('2000 reconnects of a connection that publishes and consumes leave nothing behind, the heap included', async () => {
  const bench = new Bench();
  const connection = bench.connection({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const queue = new Queue('tasks');
  await connection.consume(queue, (_, message) => message.ack());
  const reconnect = async (): Promise<void> => {
    await bench.network.drop();
    await bench.until(600_000, () => connection.connected);
    await connection.producer().publish('a', { routingKey: 'tasks', retry: true, declare: [queue] });
    await bench.settle();
    bench.broker.log.length = 0;
    bench.broker.targets.length = 0;
  };
  for (let n = 0; n < 200; n++) await reconnect();
  const probe = await LeakProbe.start({ gauges: { timers: () => bench.clock.pending }, heap: true });
  for (let n = 0; n < 2000; n++) await reconnect();
  await probe.assertClean({ maxHeapGrowth: 2 * MiB });
  await bench.close();
}, 300_000);

it('waits that end without what they waited for leave nothing behind', async () => {
  const bench = new Bench();
  const connection = await bench.connection({ logger: { debug() {}, info() {}, warn() {}, error() {} } }).connect();
  const wait = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n++) {
      await bench.within(1, connection.drainEvents({ timeout: 1 })).catch(() => {});
    }
  };
  await wait(500);
  const probe = await LeakProbe.start({ gauges: { timers: () => bench.clock.pending }, heap: true });
  await wait(5000);
  await probe.assertClean({ maxHeapGrowth: MiB });
  await bench.close();
}, 120_000);

import type { Message } from '@kombu/core';
import { Connection } from '@kombu/core';
import { filesystemTransport } from '../src/index.ts';
import { temporaryFolders } from './support/folders.ts';
import type { Worker } from './support/start-worker.ts';
import { startWorker } from './support/start-worker.ts';
import { until } from './support/until.ts';

const options = temporaryFolders();
const shortLeases = { ...options, leaseMs: 500 };
const connection = new Connection('filesystem://', {
  transport: filesystemTransport,
  transportOptions: { ...options },
});
const workers: Worker[] = [];

afterAll(async () => {
  await connection.close();
  await Promise.all(workers.map((each) => each.kill()));
});

async function start(...how: Parameters<typeof startWorker>): Promise<Worker> {
  const worker = await startWorker(...how);
  workers.push(worker);
  return worker;
}

async function publish(queue: string, ...bodies: readonly string[]): Promise<void> {
  const producer = connection.producer();
  for (const body of bodies) await producer.publish(body, { exchange: '', routingKey: queue });
}

describe('two processes with one folder', () => {
  it('get each message once between them', async () => {
    const [one, other] = await Promise.all([start(options, 'shared', 'ack'), start(options, 'shared', 'ack')]);
    const bodies = Array.from({ length: 60 }, (_, index) => `m${index}`);
    await publish('shared', ...bodies);
    await until(() => one.received.length + other.received.length >= bodies.length, 'the delivery of all messages');
    expect([...one.received, ...other.received].toSorted()).toEqual(bodies.toSorted());
  }, 30_000);

  it('give the message of the one that is killed at work to the other one, marked', async () => {
    const victim = await start(shortLeases, 'killed', 'hold');
    await publish('killed', 'work');
    await until(() => victim.received.length > 0, 'the delivery to the worker');
    await victim.kill();
    const got: Message[] = [];
    await connection.consume('killed', (_body, message) => got.push(message));
    await until(() => got.length > 0, 'the second delivery');
    const [message] = got;
    expect(message?.payload).toBe('work');
    expect(message?.deliveryInfo.redelivered).toBe(true);
    expect(message?.deliveryCount).toBe(1);
    expect(await message?.ack()).toBe('ok');
  }, 30_000);
});

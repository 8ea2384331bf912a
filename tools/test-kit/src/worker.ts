/** A process of its own: prints what it gets from a queue, then acks it, maybe after SIGUSR2, and prints the outcome. */
import { once } from 'node:events';
import { Connection, Queue } from '@kombu/core';
import type { Transport } from '@kombu/core';
import type { WorkerOptions } from './start-worker.ts';

const { transport, url, options, queue, manner, prefetch } = JSON.parse(
  process.argv[2] ?? '',
) as Required<WorkerOptions>;
const module = (await import(transport)) as { readonly transport: Transport };
const connection = new Connection(url, { transport: module.transport, transportOptions: { ...options } });
// A pipe is written at once: what was printed was printed before what came after.
const print = (line: string): void => void process.stdout.write(`${line}\n`);
await connection.consume(
  new Queue<string>(queue),
  async (body, message) => {
    print(`got ${body}`);
    if (manner === 'hold') await new Promise(() => undefined);
    if (manner === 'signal') await once(process, 'SIGUSR2');
    if (manner === 'signal') setImmediate(print, `acking ${body}`);
    print(`${await message.ack()} ${body}`);
  },
  { prefetch },
);
print('ready');

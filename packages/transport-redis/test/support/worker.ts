/** A process of its own: prints what it gets from a queue, then acks it, maybe after SIGUSR2, and prints the outcome. */
import { once } from 'node:events';
import { Connection, Queue } from '@kombu/core';
import { redisTransport } from '../../src/index.ts';

const [url = '', options = '{}', name = '', manner = 'ack'] = process.argv.slice(2);
const transportOptions = JSON.parse(options) as Record<string, unknown>;
const connection = new Connection(url, { transport: redisTransport, transportOptions });
// A pipe is written at once: what was printed was printed before what came after.
const print = (line: string): void => void process.stdout.write(`${line}\n`);
await connection.consume(
  new Queue<string>(name),
  async (body, message) => {
    print(`got ${body}`);
    if (manner === 'hold') await new Promise(() => undefined);
    if (manner === 'signal') await once(process, 'SIGUSR2');
    if (manner === 'signal') setImmediate(print, `acking ${body}`);
    print(`${await message.ack()} ${body}`);
  },
  { prefetch: 50 },
);
print('ready');

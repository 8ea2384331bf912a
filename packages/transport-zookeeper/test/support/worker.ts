/** A process of its own: prints what it gets from a queue, then acks it, and prints the outcome. */
import { Connection, Queue } from '@kombu/core';
import { zookeeperTransport } from '../../src/index.ts';

const [url = '', options = '{}', name = '', manner = 'ack'] = process.argv.slice(2);
const transportOptions = JSON.parse(options) as Record<string, unknown>;
const connection = new Connection(url, { transport: zookeeperTransport, transportOptions });
// A pipe is written at once: what was printed was printed before what came after.
const print = (line: string): void => void process.stdout.write(`${line}\n`);
await connection.consume(
  new Queue<string>(name),
  async (body, message) => {
    print(`got ${body}`);
    if (manner === 'hold') await new Promise(() => undefined);
    print(`${await message.ack()} ${body}`);
  },
  { prefetch: 50 },
);
print('ready');

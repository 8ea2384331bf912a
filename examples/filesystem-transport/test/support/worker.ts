/** A process of its own: prints what it gets from a queue, and acks it unless told to hold it. */
import { Connection, Queue } from '@kombu/core';
import { filesystemTransport } from '../../src/index.ts';

const [options = '{}', queue = '', manner = 'ack'] = process.argv.slice(2);
const transportOptions = JSON.parse(options) as Record<string, unknown>;
const connection = new Connection('filesystem://', { transport: filesystemTransport, transportOptions });
await connection.consume(
  new Queue(queue),
  async (body, message) => {
    process.stdout.write(`${String(body)}\n`);
    if (manner === 'ack') await message.ack();
    else await new Promise(() => undefined);
  },
  { prefetch: 1 },
);
process.stdout.write('ready\n');

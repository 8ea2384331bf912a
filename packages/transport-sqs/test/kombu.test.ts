import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { Connection, Exchange, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { sqsTransport } from '../src/index.ts';
import type { SqsTransportOptions } from '../src/options.ts';
import { RawSqs } from './support/raw.ts';
import { newPrefix } from './support/stores.ts';

interface Captured {
  readonly body: string;
  readonly queue: Readonly<Record<string, string>>;
}

/** Written by `golden/capture.py`. */
const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'golden/kombu.json'), 'utf8')) as {
  readonly base64: Captured;
  readonly plain: Captured;
  readonly fifo: Captured;
};

await describeService('sqs', 'beside Kombu', ({ url }) => {
  const prefix = newPrefix();
  const raw = new RawSqs(url);
  afterAll(() => raw.client.destroy());

  function connect(options: SqsTransportOptions = {}): Connection {
    return new Connection(url, {
      transport: sqsTransport,
      transportOptions: { queueNamePrefix: prefix, waitTimeSeconds: 1, ...options },
    });
  }

  it.each(['base64', 'plain'] as const)('what it wrote is delivered (%s)', async (kind) => {
    await using connection = connect();
    await using queue = connection.simpleQueue(kind);
    await queue.put('declared');
    await (await queue.get({ timeout: 5000 })).ack();
    await raw.send(prefix + kind, golden[kind].body);
    const received = await queue.get({ timeout: 5000 });
    expect(received.payload).toEqual({ hello: 'wörld' });
    expect(received.headers).toEqual({ h: 1 });
    expect(received.deliveryInfo).toMatchObject({ exchange: 'stock', routingKey: 'stock.us', redelivered: false });
    await received.ack();
  });

  it('what producers without it wrote is delivered as text', async () => {
    await using connection = connect();
    await using queue = connection.simpleQueue('foreign');
    await queue.put('declared');
    await (await queue.get({ timeout: 5000 })).ack();
    for (const text of ['hello', '{"Records": []}', 'True']) {
      await raw.send(`${prefix}foreign`, text);
      const received = await queue.get({ timeout: 5000 });
      expect(received.body.toString()).toBe(text);
      await received.ack();
    }
  });

  it.each([true, false])('it finds an envelope with what it asks for (base64 %s)', async (sqsBase64Encoding) => {
    await using connection = connect({ sqsBase64Encoding });
    const name = `ours-${String(sqsBase64Encoding)}`;
    const stock = new Exchange('stock', { type: 'direct' });
    const bound = new Queue(name, { exchange: stock, routingKey: 'stock.us' });
    await connection
      .producer()
      .publish({ hello: 'wörld' }, { exchange: stock, routingKey: 'stock.us', declare: [bound] });
    const [message] = await raw.receive(prefix + name);
    const text = message?.Body ?? '';
    const envelope = JSON.parse(sqsBase64Encoding ? Buffer.from(text, 'base64').toString() : text) as object;
    expect(envelope).toMatchObject({
      body: Buffer.from('{"hello":"wörld"}').toString('base64'),
      'content-type': 'application/json',
      'content-encoding': 'utf-8',
      properties: {
        body_encoding: 'base64',
        delivery_mode: 2,
        delivery_info: { exchange: 'stock', routing_key: 'stock.us' },
        delivery_tag: expect.any(String) as string,
      },
    });
  });

  it('queues are made as it makes them', async () => {
    await using connection = connect();
    await new Queue('orders.fifo').declare(connection);
    const command = new GetQueueAttributesCommand({
      QueueUrl: await raw.urlOf(`${prefix}orders.fifo`),
      AttributeNames: ['All'],
    });
    expect((await raw.client.send(command)).Attributes).toMatchObject(golden.fifo.queue);
  });
});

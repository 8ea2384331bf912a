import { Connection, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { sqsTransport } from '../src/index.ts';
import type { SqsStore } from '../src/store.ts';
import { RawSqs } from './support/raw.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { declared, outgoing, take } from './support/messages.ts';

await describeService('sqs', 'groups of messages', ({ url }) => {
  const prefix = newPrefix();
  const raw = new RawSqs(url);
  let store: SqsStore;
  beforeAll(async () => {
    store = await openTestStore(url, { queueNamePrefix: prefix, leaseMs: 2000 });
  });
  afterAll(async () => {
    raw.client.destroy();
    await store.close();
  });

  async function drain(queue: string): Promise<readonly string[]> {
    const got: string[] = [];
    for (;;) {
      const messages = await take(store, queue);
      if (messages.length === 0) return got;
      got.push(...messages.map(({ payload }) => payload));
      await store.ack(
        queue,
        messages.map(({ receipt }) => receipt),
      );
    }
  }

  it('a FIFO queue keeps the order of a group, over many batches (R40)', async () => {
    await store.declare(declared('order.fifo'));
    const payloads = Array.from({ length: 45 }, (_, index) => `m${index}`);
    const properties = { messageGroupId: 'one' };
    expect(
      await store.put(
        'order.fifo',
        payloads.map((payload) => outgoing(payload, { properties })),
      ),
    ).toEqual([]);
    expect(await drain('order.fifo')).toEqual(payloads);
  });

  it('while one message of a group is out, the others wait, and other groups do not', async () => {
    await store.declare(declared('groups.fifo'));
    const put = (payload: string, group: string) =>
      store.put('groups.fifo', [outgoing(payload, { properties: { messageGroupId: group } })]);
    await put('a1', 'a');
    await put('a2', 'a');
    await put('b1', 'b');
    const [first] = await take(store, 'groups.fifo', 1);
    expect(first?.payload).toBe('a1');
    expect((await take(store, 'groups.fifo')).map(({ payload }) => payload)).toEqual(['b1']);
    expect(await store.release('groups.fifo', first ? [first.receipt] : [], { delayMs: 0 })).toEqual(['ok']);
    expect((await take(store, 'groups.fifo', 1)).map(({ payload }) => payload)).toEqual(['a1']);
  });

  it('the same message published again comes once, a dead letter as often as it dies', async () => {
    await store.declare(declared('again.fifo'));
    const put = (payload: string, properties: object) =>
      store.put('again.fifo', [outgoing(payload, { properties: { ...properties } })]);
    await put('x', { messageId: 'id' });
    await put('x again', { messageId: 'id' });
    await put('y', { messageId: 'other', messageDeduplicationId: 'id' });
    await put('z', { MessageDeduplicationId: 'id' });
    for (const body of ['1', '2']) await put(`{"headers":{"x-death":[${body}]}}`, { messageId: 'id' });
    for (const body of ['same', 'same']) await put(body, {});
    expect(await drain('again.fifo')).toEqual([
      'x',
      '{"headers":{"x-death":[1]}}',
      '{"headers":{"x-death":[2]}}',
      'same',
      'same',
    ]);
  });

  it('a delay is refused in a FIFO queue', async () => {
    await store.declare(declared('delay.fifo'));
    const failures = await store.put('delay.fifo', [outgoing('x', { delayMs: 1000 }), outgoing('y')]);
    expect(failures.map(({ index, error }) => [index, sqsTransport.classify(error)])).toEqual([[0, 'UNSUPPORTED']]);
    expect(await drain('delay.fifo')).toEqual(['y']);
  });

  it('the ids of a publish reach SQS, also in a standard queue, for fairness', async () => {
    await using connection = new Connection(url, {
      transport: sqsTransport,
      transportOptions: { queueNamePrefix: prefix },
    });
    for (const name of ['ids.fifo', 'fair']) {
      await connection.producer().publish('x', {
        routingKey: name,
        declare: [new Queue(name)],
        properties: {
          messageGroupId: 'g',
          messageDeduplicationId: 'd',
          messageAttributes: { Colour: { DataType: 'String', StringValue: 'red' } },
        },
      });
      const [message] = await raw.receive(prefix + name);
      expect(message?.Attributes).toMatchObject({
        MessageGroupId: 'g',
        ...(name.endsWith('.fifo') && { MessageDeduplicationId: 'd' }),
      });
      expect(message?.MessageAttributes).toMatchObject({ Colour: { StringValue: 'red' } });
    }
  });
});

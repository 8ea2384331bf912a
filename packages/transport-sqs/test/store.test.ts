import { describeService } from '@kombu/services';
import { sqsTransport } from '../src/index.ts';
import { declared, outgoing, receiptsOf, take } from './support/messages.ts';
import { RawSqs } from './support/raw.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { until } from '@kombu/test-kit';

await describeService('sqs', 'queues in SQS', ({ url }) => {
  const queueNamePrefix = newPrefix();
  const raw = new RawSqs(url);
  afterAll(() => raw.client.destroy());

  it('hide what is given back for as long as the policy says', async () => {
    await using owner = await open({ queueNamePrefix });
    await owner.store.declare(declared('backoff'));
    const predefinedQueues = {
      backoff: { url: await raw.urlOf(`${queueNamePrefix}backoff`), backoffPolicy: { 1: 1000, 2: 0 } },
    };
    await using other = await open({ predefinedQueues });
    const { store } = other;
    await store.put('backoff', [outgoing('x')]);
    expect(await store.release('backoff', receiptsOf(await take(store, 'backoff')), { delayMs: 0 })).toEqual(['ok']);
    expect(await take(store, 'backoff')).toEqual([]);
    let second = await take(store, 'backoff');
    await until('it is back', async () => (second = await take(store, 'backoff')).length === 1);
    expect(second[0]).toMatchObject({ payload: 'x', redelivered: true, deliveryCount: 1 });
    await store.release('backoff', receiptsOf(second), { delayMs: 0 });
    expect(await take(store, 'backoff')).toMatchObject([{ payload: 'x', deliveryCount: 2 }]);
  });

  it('move messages away that were delivered too often', async () => {
    await using opened = await open({ queueNamePrefix, deadLetter: { queue: 'dead', maxReceiveCount: 1 } });
    const { store } = opened;
    await expect(store.declare(declared('early'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await store.declare(declared('dead'));
    await store.declare(declared('alive'));
    await store.put('alive', [outgoing('x')]);
    await store.release('alive', receiptsOf(await take(store, 'alive')), { delayMs: 0 });
    let dead = await take(store, 'dead');
    await until('it is moved', async () => {
      await take(store, 'alive');
      return (dead = await take(store, 'dead')).length === 1;
    });
    expect(dead[0]?.payload).toBe('x');
  });

  it('that would be one are refused', async () => {
    await using opened = await open({ queueNamePrefix });
    await opened.store.declare(declared('a.b'));
    await expect(opened.store.declare(declared('a-b'))).rejects.toThrow('"a.b" and "a-b"');
    await opened.store.delete('a.b');
    await opened.store.declare(declared('a-b'));
  });

  it('are made only when that is allowed', async () => {
    await using strict = await open({ queueNamePrefix, createQueues: false });
    await expect(strict.store.declare(declared('new'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await using free = await open({ queueNamePrefix, sqsCreationAttributes: { DelaySeconds: '1' } });
    await free.store.declare(declared('new'));
    await strict.store.declare(declared('new'));
  });

  it('that others delete are found out, and found again', async () => {
    await using one = await open({ queueNamePrefix });
    await using other = await open({ queueNamePrefix });
    await one.store.declare(declared('gone'));
    await other.store.declare(declared('gone'));
    await one.store.delete('gone');
    const [failure] = await other.store.put('gone', [outgoing('x')]);
    expect(sqsTransport.classify(failure?.error)).toBe('NOT_FOUND');
    await expect(other.store.put('gone', [outgoing('x')])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await one.store.declare(declared('gone'));
    expect(await other.store.put('gone', [outgoing('x')])).toEqual([]);
  });

  async function open(options: Parameters<typeof openTestStore>[1]) {
    const store = await openTestStore(url, { leaseMs: 10_000, ...options });
    return { store, [Symbol.asyncDispose]: () => store.close() };
  }
});

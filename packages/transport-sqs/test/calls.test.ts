import { setTimeout } from 'node:timers/promises';
import { Connection, Queue } from '@kombu/core';
import { describeService } from '@kombu/services';
import { seeded } from '@kombu/testing';
import { sqsTransport } from '../src/index.ts';
import type { SqsTransportOptions } from '../src/options.ts';
import { Gateway, refusal, type Verdict } from './support/gateway.ts';
import { declared, outgoing, receiptsOf, take } from './support/messages.ts';
import { newPrefix, openTestStore } from './support/stores.ts';
import { RawSqs } from './support/raw.ts';
import { until } from '@kombu/test-kit';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

await describeService('sqs', 'calls to SQS', ({ url }) => {
  const queueNamePrefix = newPrefix();
  let gateway: Gateway;
  beforeEach(async () => {
    gateway = await Gateway.listen(url);
  });
  afterEach(() => gateway.close());

  function connect(options: SqsTransportOptions = {}): Connection {
    const transportOptions = { queueNamePrefix, waitTimeSeconds: 1, leaseMs: 2000, ...options };
    const recovery = { intervalStart: 10, intervalStep: 10, intervalMax: 50 };
    return new Connection(gateway.url, { transport: sqsTransport, transportOptions, recovery, logger: quiet });
  }

  it('of an idle consumer are one for each wait, of one without credit none (R31)', async () => {
    await using connection = connect({ leaseMs: 60_000 });
    const busy = new Queue<number>('busy');
    for (const index of [1, 2, 3]) await connection.producer().publish(index, { routingKey: 'busy', declare: [busy] });
    const got: number[] = [];
    await connection.consume(busy, (body) => void got.push(body), { prefetch: 2 });
    await until('two messages came', () => got.length === 2);
    gateway.calls.length = 0;
    await setTimeout(1200);
    expect(gateway.calls).toEqual([]);
    await connection.consume(new Queue('idle'), () => undefined);
    gateway.calls.length = 0;
    await setTimeout(2500);
    expect(gateway.count('ReceiveMessage')).toBe(gateway.calls.length);
    expect(gateway.calls.length).toBeLessThanOrEqual(3);
  });

  it('ask for as many messages as there is credit, ten at most', async () => {
    const asked: number[] = [];
    gateway.judge = (action, body) => {
      if (action === 'ReceiveMessage') {
        asked.push((JSON.parse(body) as { MaxNumberOfMessages: number }).MaxNumberOfMessages);
      }
      return 'pass';
    };
    await using connection = connect();
    for (const [name, prefetch] of [
      ['three', 3],
      ['many', 40],
    ] as const) {
      await connection.consume(new Queue(name), () => undefined, { prefetch });
      await until('it asked', () => asked.length > 0);
      expect(asked.splice(0)).toContain(Math.min(prefetch, 10));
    }
  });

  it('need no rights but those to send, receive, delete and hide, with predefined queues (R34)', async () => {
    const allowed = /^(SendMessage|ReceiveMessage|DeleteMessage|ChangeMessageVisibility)/;
    const raw = new RawSqs(url);
    const owner = await openTestStore(url, { queueNamePrefix });
    await owner.declare(declared('predefined'));
    const queueUrl = await raw.urlOf(`${queueNamePrefix}predefined`);
    gateway.judge = (action) => (allowed.test(action) ? 'pass' : refusal('AccessDeniedException', 403));
    await using connection = connect({ predefinedQueues: { jobs: { url: queueUrl, backoffPolicy: { 1: 0 } } } });
    const jobs = new Queue<string>('jobs');
    await connection.producer().publish('work', { routingKey: 'jobs', declare: [jobs] });
    const ends: string[] = [];
    await connection.consume(jobs, async (_, message) => {
      ends.push(message.deliveryInfo.redelivered ? await message.ack() : await message.requeue());
    });
    await until('it was done', () => ends.length === 2);
    expect(ends).toEqual(['ok', 'ok']);
    const unknown = connection.producer().publish('x', { routingKey: 'other', declare: [new Queue('other')] });
    await expect(unknown).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(gateway.calls.filter((action) => /List|Create|DeleteQueue/.test(action))).toEqual([]);
    await owner.close();
    raw.client.destroy();
  });

  it.each(['AccessDeniedException', 'UnrecognizedClientException', 'InvalidClientTokenId'])(
    'with keys that nobody knows fail when the connection is made, and never by forbidden questions (%s)',
    async (code) => {
      gateway.judge = () => refusal(code, 403);
      const opening = openTestStore(gateway.url);
      if (code === 'AccessDeniedException') await (await opening).close();
      else expect(sqsTransport.classify(await opening.catch((error: unknown) => error))).toBe('ACCESS_REFUSED');
    },
  );

  it('ask the provider of credentials, and sign with what it says', async () => {
    let asked = 0;
    const credentials = async () => {
      asked += 1;
      return { accessKeyId: `id${asked}`, secretAccessKey: 'x', expiration: new Date(Date.now() - 1000) };
    };
    const store = await openTestStore(gateway.url, { credentials, queueNamePrefix });
    await store.declare(declared('signed'));
    expect(asked).toBeGreaterThan(1);
    await store.close();
  });

  it.each([
    ['ReceiptHandleIsInvalid', 'lease-lost'],
    ['InvalidParameterValue', 'lease-lost'],
    ['AWS.SimpleQueueService.MessageNotInflight', 'lease-lost'],
    ['InternalError', 'TIMEOUT'],
  ])('with a receipt of which SQS says %s have the outcome %s (R15)', async (code, outcome) => {
    const store = await openTestStore(gateway.url, { queueNamePrefix, leaseMs: 10_000 });
    const queue = `receipts-${code}`;
    await store.declare(declared(queue));
    for (const verb of ['ack', 'renew', 'release'] as const) {
      gateway.judge = () => 'pass';
      await store.put(queue, [outgoing('a'), outgoing('b')]);
      const receipts = receiptsOf(await take(store, queue, 2));
      const Failed = [{ Id: '0', Code: code, SenderFault: true, Message: 'no' }];
      gateway.judge = () => ({ status: 200, body: JSON.stringify({ Failed, Successful: [{ Id: '1' }] }) });
      const answer = verb === 'release' ? store.release(queue, receipts, { delayMs: 0 }) : store[verb](queue, receipts);
      if (outcome === 'lease-lost') expect(await answer).toEqual(['lease-lost', 'ok']);
      else expect(sqsTransport.classify(await answer.catch((error: unknown) => error))).toBe(outcome);
    }
    await store.close();
  });

  it('that are refused, broken off or garbled end no consumer (R18)', async () => {
    const random = seeded(18);
    const garbage: readonly Verdict[] = [
      { status: 500, body: '' },
      refusal('ServiceUnavailable', 503),
      refusal('ThrottlingException'),
      { status: 200, body: '{"Messages": [' },
      { status: 200, body: '<ReceiveMessageResponse/>' },
      'reset',
    ];
    await using connection = connect({ readTimeout: 500 });
    const queue = new Queue<string>('trouble');
    const got: string[] = [];
    await connection.consume(queue, async (body, message) => {
      got.push(body);
      await message.ack();
    });
    let left = 16;
    gateway.judge = (action) => {
      if (action !== 'ReceiveMessage' || left === 0) return 'pass';
      left -= 1;
      // Good answers in between, for the pauses grow.
      if (left % 2 === 0) return 'pass';
      return garbage[Math.floor(random() * garbage.length)] ?? 'pass';
    };
    await until('the trouble is over', () => left === 0, 60_000);
    await connection.producer().publish('after', { routingKey: 'trouble' });
    await until('the message comes', () => got.includes('after'));
    gateway.calls.length = 0;
    await setTimeout(1500);
    expect(gateway.count('ReceiveMessage')).toBeLessThanOrEqual(2);
  }, 90_000);

  it('that send and are broken off are uncertain, and the link stays', async () => {
    await using connection = connect();
    const producer = connection.producer();
    await producer.publish('first', { routingKey: 'uncertain', declare: [new Queue('uncertain')] });
    let cut = true;
    gateway.judge = (action) => (action === 'SendMessageBatch' && cut ? 'reset' : 'pass');
    const publishing = producer.publish('second', { routingKey: 'uncertain', retry: false });
    await expect(publishing).rejects.toMatchObject({ code: 'PUBLISH_UNCERTAIN' });
    expect(gateway.count('SendMessageBatch')).toBe(2);
    cut = false;
    const probes = gateway.count('GetQueueUrl');
    await producer.publish('third', { routingKey: 'uncertain' });
    expect(gateway.count('GetQueueUrl')).toBe(probes);
  });

  it('that send too much at once are sent in halves', async () => {
    const store = await openTestStore(gateway.url, { queueNamePrefix, sqsBase64Encoding: false });
    await store.declare(declared('halves'));
    // Of 256 KiB that the server takes.
    const payloads = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(100_000));
    payloads.push('f'.repeat(300_000));
    const failures = await store.put(
      'halves',
      payloads.map((payload) => outgoing(payload)),
    );
    expect(failures.map(({ index, error }) => [index, sqsTransport.classify(error)])).toEqual([[5, 'LIMIT_EXCEEDED']]);
    expect(await store.size('halves')).toBe(5);
    await store.close();
  });

  it('that are never answered end the link in time', async () => {
    const store = await openTestStore(gateway.url, { queueNamePrefix, readTimeout: 200 });
    await store.declare(declared('silent'));
    gateway.judge = () => 'never';
    const late = await store.size('silent').catch((error: unknown) => error);
    expect(sqsTransport.classify(late)).toBe('CONNECTION_LOST');
    await store.close();
  });

  it('that look for more are followed by no wait when the reader stops meanwhile', async () => {
    const store = await openTestStore(gateway.url, { queueNamePrefix, waitTimeSeconds: 20 });
    await store.declare(declared('looked'));
    await store.put(
      'looked',
      Array.from({ length: 10 }, (_, index) => outgoing(`m${index}`)),
    );
    expect(await take(store, 'looked', 100)).toHaveLength(10);
    const stop = new AbortController();
    gateway.calls.length = 0;
    gateway.judge = (action) => {
      if (action === 'ReceiveMessage') stop.abort();
      return 'pass';
    };
    expect(await store.get('looked', { max: 100, waitMs: 20_000, noAck: false, signal: stop.signal })).toEqual([]);
    expect(gateway.calls).toEqual(['ReceiveMessage', 'ReceiveMessage']);
    await store.close();
  });

  it('that nobody waits for any more are not cut off: what they bring is given back (R11)', async () => {
    const store = await openTestStore(gateway.url, { queueNamePrefix, leaseMs: 30_000, waitTimeSeconds: 5 });
    await store.declare(declared('stopped'));
    const stop = new AbortController();
    const waiting = store.get('stopped', { max: 1, waitMs: 5000, noAck: false, signal: stop.signal });
    await until('it waits', () => gateway.count('ReceiveMessage') === 1);
    stop.abort();
    expect(await waiting).toEqual([]);
    await store.put('stopped', [outgoing('x')]);
    await until('it is given back', () => gateway.count('ChangeMessageVisibilityBatch') === 1);
    expect((await take(store, 'stopped')).map(({ payload }) => payload)).toEqual(['x']);
    await store.close();
  });
});

import { describeService } from '@kombu/services';
import { Ledger } from '@kombu/testing';
import { Connection, Queue } from '@kombu/core';
import { sqsTransport } from '../src/index.ts';
import { Gateway, type Verdict } from './support/gateway.ts';
import { RawSqs } from './support/raw.ts';
import { startWorker, type Worker } from './support/start-worker.ts';
import { newPrefix } from './support/stores.ts';
import { until } from '@kombu/test-kit';

interface Step {
  readonly name: string;
  readonly manner: 'ack' | 'hold';
  /** What becomes of calls of this kind. */
  readonly action?: string;
  readonly verdict?: Verdict;
  /** Is this the moment to kill it? */
  readonly reached: (at: {
    readonly worker: Worker;
    readonly leased: number;
    readonly left: number;
    readonly calls: number;
  }) => boolean;
  readonly settled: number;
}

const count = ({ lines }: Worker, word: string): number => lines.filter((line) => line.startsWith(word)).length;

const steps: readonly Step[] = [
  {
    name: 'before SQS hears of the claim',
    manner: 'ack',
    action: 'ReceiveMessage',
    verdict: 'never',
    reached: ({ calls }) => calls > 0,
    settled: 0,
  },
  {
    name: 'before the answer to the claim is read',
    manner: 'ack',
    action: 'ReceiveMessage',
    verdict: 'keep',
    reached: ({ leased }) => leased > 0,
    settled: 0,
  },
  { name: 'in the handlers', manner: 'hold', reached: ({ worker }) => count(worker, 'got') === 3, settled: 0 },
  {
    name: 'before SQS hears of the ack',
    manner: 'ack',
    action: 'DeleteMessageBatch',
    verdict: 'never',
    reached: ({ calls }) => calls > 0,
    settled: 0,
  },
  {
    name: 'before the answer to the ack is read',
    manner: 'ack',
    action: 'DeleteMessageBatch',
    verdict: 'keep',
    reached: ({ left }) => left < 3,
    settled: 1,
  },
  { name: 'after the acks', manner: 'ack', reached: ({ worker }) => count(worker, 'ok') === 3, settled: 3 },
];

await describeService('sqs', 'a consumer that is killed', ({ url }) => {
  const prefix = newPrefix();
  const raw = new RawSqs(url);
  afterAll(() => raw.client.destroy());

  it.each(steps)(
    '$name loses nothing',
    async ({ name, manner, action, verdict, reached, settled }) => {
      const gateway = await Gateway.listen(url);
      const queue = name.replaceAll(' ', '-');
      const options = { queueNamePrefix: prefix, leaseMs: 2000, waitTimeSeconds: 1 };
      await using connection = new Connection(url, { transport: sqsTransport, transportOptions: options });
      // From its first poll on, which may last until the messages are there.
      gateway.judge = (called) => (called === action && verdict ? verdict : 'pass');
      const worker = await startWorker(gateway.url, options, queue, manner);
      const ledger = new Ledger();
      try {
        const producer = connection.producer();
        const publish = async (id: string): Promise<'confirmed'> => {
          await producer.publish(id, { routingKey: queue, declare: [new Queue(queue)] });
          return 'confirmed';
        };
        await Promise.all([1, 2, 3].map(() => ledger.newId()).map((id) => ledger.track(id, publish(id))));
        await until(`it is killed ${name}`, async () => {
          const { ready, leased } = await raw.census(prefix + queue);
          const calls = action === undefined ? 0 : gateway.count(action);
          return reached({ worker, leased, left: ready + leased, calls });
        });
        await worker.kill();
        const { ready, leased } = await raw.census(prefix + queue);
        expect(3 - ready - leased).toBeGreaterThanOrEqual(settled);
        expect(3 - ready - leased).toBeLessThanOrEqual(settled === 0 ? 0 : 3);
        for (const line of worker.lines) if (line.startsWith('got ')) ledger.delivered(line.slice(4), false);
        const gone = 3 - ready - leased;
        await connection.consume(new Queue<string>(queue), async (id, message) => {
          ledger.delivered(id, message.deliveryInfo.redelivered);
          ledger.settled(id, await message.ack());
        });
        await until('the rest is done', async () => {
          const { ready: more, leased: out } = await raw.census(prefix + queue);
          return more + out === 0;
        });
        // What it acked unheard is settled nowhere but in SQS.
        expect(ledger.violations({ remaining: gone, allowDuplicates: true, allowLostAcks: true })).toEqual([]);
      } finally {
        await worker.kill();
        await gateway.close();
      }
    },
    60_000,
  );
});

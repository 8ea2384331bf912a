import type { ConsumerOptions, Message } from '@kombu/core';
import { DecodeError, Exchange, Queue } from '@kombu/core';

import { failBefore, hangBefore } from '../../src/fault/faults.ts';
import { Gate } from '../../src/fault/gate.ts';
import type { Bench } from './support/bench.ts';
import { onBench } from './support/bench.ts';
import { BrokerError } from './support/strict-error.ts';

const tasks = new Queue('tasks');
const toTasks = { routingKey: 'tasks', declare: [tasks] };
const boom = new Error('boom');
const fails = (): never => {
  throw boom;
};

/** The envelopes that wait in a queue. */
const waiting = (bench: Bench, queue: string) =>
  (bench.broker.queues.get(queue)?.ready ?? []).map(({ envelope }) => envelope);

/** Consumes with a handler that fails, and notes when it is called, counted from the first call. */
async function failing(
  bench: Bench,
  options: Omit<ConsumerOptions, 'queues'>,
  handler: (body: unknown, message: Message) => unknown = fails,
): Promise<number[]> {
  const times: number[] = [];
  let first: number | undefined;
  await bench.connection().consume(
    tasks,
    (body, message) => {
      first ??= bench.clock.now();
      times.push(bench.clock.now() - first);
      return handler(body, message);
    },
    options,
  );
  return times;
}

describe('a handler that fails with ack: manual', () => {
  it.each([
    ['throws', fails],
    ['rejects', () => Promise.reject(boom)],
    ['rejects with something that is no Error', () => Promise.reject('boom')],
  ])('when it %s, gets the message again after a back-off that grows; the loop goes on', (_, handler) =>
    onBench(async (bench) => {
      const errors: string[] = [];
      const onError = (error: Error): void => void errors.push(error.message);
      const times = await failing(bench, { onError }, handler);
      await bench.connection().producer().publish('a', toTasks);
      await bench.clock.advance(20_000);
      expect(times).toEqual([0, 500, 3000, 7500, 14_000]);
      expect(errors).toEqual(times.map(() => 'boom'));
      expect(bench.logged('error')).toEqual(times.map(() => 'A message handler failed'));
      expect(bench.broker.count('publish')).toBe(1);
    })(),
  );

  it(
    'keeps what it settled before it failed settled',
    onBench(async (bench) => {
      const times = await failing(bench, {}, async (_, message) => {
        await message.ack();
        throw boom;
      });
      await bench.connection().producer().publish('a', toTasks);
      await bench.clock.advance(60_000);
      expect(times).toEqual([0]);
      expect(bench.broker.ready('tasks')).toEqual([]);
    }),
  );

  it(
    'does not hold up other messages',
    onBench(async (bench) => {
      const done: unknown[] = [];
      await failing(bench, { prefetch: 2 }, async (body, message) => {
        if (body === 1) throw boom;
        done.push(body);
        await message.ack();
      });
      for (let n = 1; n <= 5; n++) await bench.connection().producer().publish(n, toTasks);
      await bench.settle();
      expect(done).toEqual([2, 3, 4, 5]);
    }),
  );

  it(
    'lets the broker keep the time where it can delay',
    onBench(
      async (bench) => {
        const delays: unknown[] = [];
        bench.rules.push({
          method: 'reject',
          fault: ({ args, next }) => {
            delays.push((args[1] as { delay?: number }).delay);
            return next();
          },
        });
        await failing(bench, {}, (body, message) => (message.deliveryCount === 0 ? fails() : message.ack()));
        await bench.connection().producer().publish('a', toTasks);
        await bench.settle();
        expect(delays).toEqual([500]);
      },
      { delay: true },
    ),
  );

  it(
    'is given back at once when the consumer closes during its back-off, or after',
    onBench(async (bench) => {
      const gate = new Gate();
      gate.shut();
      const consumer = await bench.connection().consume(
        tasks,
        async (body) => {
          if (body === 'slow') await gate.pass();
          throw boom;
        },
        { concurrency: 2 },
      );
      await bench.connection().producer().publish('quick', toTasks);
      await bench.connection().producer().publish('slow', toTasks);
      await bench.settle();
      expect(await bench.within(650, consumer.close({ timeout: 400 }))).toMatchObject({ released: 2, abandoned: 1 });
      gate.open();
      await bench.settle();
      expect(bench.broker.ready('tasks')).toEqual(['quick', 'slow']);
    }),
  );

  it(
    'after its link and its consumer are gone leaves no timer',
    onBench(async (bench) => {
      const gate = new Gate();
      gate.shut();
      const connection = bench.connection();
      await connection.consume(tasks, async () => {
        await gate.pass();
        throw boom;
      });
      await connection.producer().publish('a', toTasks);
      await bench.settle();
      bench.network.refuse();
      await bench.network.drop();
      await bench.within(250, connection.close({ timeout: 0 }));
      gate.open();
      await bench.settle();
      expect(bench.logged('error')).toContain('A message handler failed');
      expect(bench.clock.pending).toBe(0);
    }),
  );

  it(
    'with noAck is only reported',
    onBench(async (bench) => {
      const times = await failing(bench, { noAck: true });
      await bench.connection().producer().publish('a', toTasks);
      await bench.clock.advance(60_000);
      expect(times).toEqual([0]);
      expect(bench.logged('error')).toEqual(['A message handler failed']);
    }),
  );
});

describe('ack: auto', () => {
  it(
    'acks what a handler did and leaves alone what it settled itself',
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      await bench
        .connection()
        .consume(tasks, (body, message) => (body === 2 ? message.reject() : undefined), { ack: 'auto' });
      for (let n = 1; n <= 3; n++) await producer.publish(n, toTasks);
      await bench.settle();
      expect(bench.broker.count('ack')).toBe(2);
      expect(bench.broker.count('reject')).toBe(1);
      expect(bench.broker.ready('tasks')).toEqual([]);
    }),
  );

  it(
    'delivers at most `attempts` times also where the broker does not count, message by message',
    onBench(async (bench) => {
      bench.broker.countsDeliveries = false;
      const calls = new Map<unknown, number>();
      const handler = (body: unknown, message: Message): void => {
        calls.set(body, (calls.get(body) ?? 0) + 1);
        if (body !== 'good' || calls.get(body) !== 3) throw boom;
        expect(message.deliveryInfo.redelivered).toBe(true);
      };
      await failing(
        bench,
        { ack: 'auto', retry: { attempts: 4, intervalStart: 10 }, deadLetter: 'graveyard' },
        handler,
      );
      const producer = bench.connection().producer({ routingKey: 'tasks' });
      for (const body of ['bad', 'good', 'worse']) await producer.publish(body, { messageId: body });
      await bench.clock.advance(600_000);
      expect([...calls]).toEqual([
        ['bad', 4],
        ['good', 3],
        ['worse', 4],
      ]);
      expect(waiting(bench, 'graveyard').map(({ body }) => body.toString())).toEqual(['bad', 'worse']);
      expect(bench.broker.ready('tasks')).toEqual([]);
    }),
  );

  it(
    'delivers at most `attempts` times, spaced by the policy, and then dead-letters once, with the story in the headers (R25)',
    onBench(async (bench) => {
      const media = new Exchange('media', { type: 'fanout' });
      const queue = new Queue('tasks', { exchange: media });
      const times = await failing(bench, {
        ack: 'auto',
        retry: { attempts: 5, intervalStart: 1000, intervalStep: 2000, intervalMax: 4000 },
        deadLetter: 'graveyard',
      });
      await queue.declare(bench.connection());
      const properties = { messageId: 'm', correlationId: 'c', replyTo: 'answers', type: 't', timestamp: 9 } as const;
      await media.publish({ n: 1 }, { routingKey: 'k', headers: { own: 'header' }, ...properties }, bench.connection());
      await bench.clock.advance(600_000);
      expect(times).toEqual([0, 1000, 4000, 8000, 12_000]);
      const dead = waiting(bench, 'graveyard');
      expect(dead).toHaveLength(1);
      expect(dead[0]).toMatchObject({
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        properties,
        headers: {
          own: 'header',
          'x-first-death-reason': 'delivery-limit',
          'x-first-death-queue': 'tasks',
          'x-first-death-exchange': 'media',
          'x-exception': 'Error: boom',
          'x-delivery-count': 5,
          'x-original-routing-key': 'k',
        },
      });
      expect(dead[0]?.body.toString()).toBe('{"n":1}');
      expect(bench.broker.ready('tasks')).toEqual([]);
    }),
  );

  it(
    'counts deliveries across consumers that crash',
    onBench(async (bench) => {
      await bench.connection().producer().publish('a', toTasks);
      let calls = 0;
      for (let crash = 0; crash < 3; crash++) {
        const connection = bench.connection();
        await connection.consume(
          tasks,
          () => {
            calls += 1;
            throw boom;
          },
          { ack: 'auto', retry: { attempts: 3 }, deadLetter: 'graveyard' },
        );
        await bench.settle();
        await bench.within(1000, connection.close({ timeout: 0 }));
      }
      await bench.settle();
      expect(calls).toBe(3);
      expect(bench.broker.ready('graveyard')).toEqual(['a']);
    }),
  );

  it.each([
    ['an exchange', () => new Exchange('deaths', { type: 'fanout' })],
    ['a queue', () => new Queue('graveyard')],
  ])('dead-letters to %s, too', (_, make) =>
    onBench(async (bench) => {
      await new Queue('graveyard', { exchange: new Exchange('deaths', { type: 'fanout' }) }).declare(
        bench.connection(),
      );
      await failing(bench, { ack: 'auto', retry: { attempts: 1 }, deadLetter: make() });
      await bench.connection().producer().publish('a', toTasks);
      await bench.settle();
      expect(bench.broker.ready('graveyard')).toEqual(['a']);
    })(),
  );

  it(
    'without deadLetter rejects the message for good at the end',
    onBench(async (bench) => {
      const times = await failing(bench, { ack: 'auto', retry: { attempts: 2, intervalStart: 10 } });
      await bench.connection().producer().publish('a', toTasks);
      await bench.clock.advance(60_000);
      expect(times).toEqual([0, 10]);
      expect(bench.broker.count('reject')).toBe(1);
    }),
  );

  it(
    'keeps a message whose dead letter cannot be published, and tries again later',
    onBench(async (bench) => {
      await bench.connection().producer().publish('a', toTasks);
      bench.rules.push({ method: 'publish', times: 1, fault: failBefore(() => new BrokerError('NACKED', 'full')) });
      await failing(bench, { ack: 'auto', retry: { attempts: 1 }, deadLetter: 'graveyard' });
      await bench.settle();
      expect(bench.broker.ready('graveyard')).toEqual([]);
      await bench.clock.advance(60_000);
      expect(bench.broker.ready('graveyard')).toEqual(['a']);
      expect(bench.broker.ready('tasks')).toEqual([]);
    }),
  );

  it(
    'a close waits for what is being dead-lettered',
    onBench(async (bench) => {
      const gate = new Gate();
      gate.shut();
      await bench.connection().producer().publish('a', toTasks);
      bench.rules.push({ method: 'publish', fault: hangBefore(gate) });
      const connection = bench.connection();
      await connection.consume(tasks, fails, { ack: 'auto', retry: { attempts: 1 }, deadLetter: 'graveyard' });
      await bench.settle();
      const closing = connection.close();
      await bench.settle();
      gate.open();
      expect(await bench.within(1000, closing)).toMatchObject({ released: 0, abandoned: 0 });
      expect(bench.broker.ready('graveyard')).toEqual(['a']);
      expect(bench.broker.ready('tasks')).toEqual([]);
    }),
  );

  it(
    'a close that cannot wait so long gives the message back instead of losing it',
    onBench(async (bench) => {
      const gate = new Gate();
      gate.shut();
      await bench.connection().producer().publish('a', toTasks);
      bench.rules.push({ method: 'publish', fault: hangBefore(gate) });
      const connection = bench.connection();
      await connection.consume(tasks, fails, { ack: 'auto', retry: { attempts: 1 }, deadLetter: 'graveyard' });
      await bench.settle();
      await bench.within(1250, connection.close({ timeout: 1000 }));
      expect(bench.broker.ready('tasks')).toEqual(['a']);
      gate.open();
    }),
  );
});

describe('a body that cannot be decoded (R9)', () => {
  const broken = { ...toTasks, contentType: 'application/json' };

  /** Publishes good and broken bodies in turn; gives what the handler got. */
  async function mixed(bench: Bench, options: Omit<ConsumerOptions, 'queues'>): Promise<unknown[]> {
    const got: unknown[] = [];
    const producer = bench.connection().producer();
    await bench.connection().consume(
      tasks,
      async (body, message) => {
        got.push(Buffer.isBuffer(body) ? body.toString() : body);
        if (!message.acknowledged && options.ack !== 'auto') await message.ack();
      },
      options,
    );
    await producer.publish(1, toTasks);
    await producer.publish('{"no', broken);
    await producer.publish(2, toTasks);
    await producer.publish('zipped', { ...toTasks, headers: { compression: 'application/x-gzip' } });
    await producer.publish(Buffer.from([0xff, 0xfe]), { ...broken });
    await producer.publish('x', { ...toTasks, contentType: 'application/x-python-serialize' });
    await producer.publish(3, toTasks);
    await bench.settle();
    return got;
  }

  it.each(['manual', 'auto'] as const)(
    'is rejected by default, with an error in the log; the good ones go on (ack: %s)',
    (ack) =>
      onBench(async (bench) => {
        const reported: unknown[] = [];
        const onError = (error: Error, message: Message | undefined): void =>
          void reported.push([error.constructor.name, message?.body.toString()]);
        expect(await mixed(bench, { ack, onError })).toEqual([1, 2, 3]);
        expect(bench.broker.count('reject')).toBe(4);
        expect(bench.broker.count('ack')).toBe(3);
        expect(bench.broker.ready('tasks')).toEqual([]);
        expect(reported).toHaveLength(4);
        expect(reported[0]).toEqual(['DecodeError', '{"no']);
        expect(bench.logged('error')).toEqual(reported.map(() => 'A message cannot be decoded and is rejected'));
      })(),
  );

  it.each(['manual', 'auto'] as const)(
    'is dead-lettered once as it came, when there is a place for it (ack: %s)',
    (ack) =>
      onBench(async (bench) => {
        expect(await mixed(bench, { ack, deadLetter: 'graveyard' })).toEqual([1, 2, 3]);
        const dead = waiting(bench, 'graveyard');
        expect(dead.map(({ body }) => body.toString('latin1'))).toEqual(['{"no', 'zipped', 'ÿþ', 'x']);
        expect(dead.map(({ contentType }) => contentType)).toEqual([
          'application/json',
          'text/plain',
          'application/json',
          'application/x-python-serialize',
        ]);
        expect(dead[0]?.headers).toMatchObject({
          'x-first-death-reason': 'undecodable',
          'x-first-death-queue': 'tasks',
          'x-exception': expect.stringMatching(/^DecodeError: /),
        });
        expect(bench.broker.ready('tasks')).toEqual([]);
        expect(bench.broker.channels.every(({ unsettled }) => unsettled.size === 0)).toBe(true);
      })(),
  );

  it('is not lost with ack: auto when its dead letter cannot be published', () =>
    onBench(async (bench) => {
      await bench.connection().producer().publish('{"no', broken);
      bench.rules.push({ method: 'publish', times: 1, fault: failBefore(() => new BrokerError('NACKED', 'full')) });
      await bench.connection().consume(tasks, () => {}, { ack: 'auto', deadLetter: 'graveyard' });
      await bench.clock.advance(120_000);
      expect(bench.broker.ready('graveyard')).toEqual(['{"no']);
    })());

  it('is rejected although there is a dead letter queue, when onUndecodable says so', () =>
    onBench(async (bench) => {
      await mixed(bench, { deadLetter: 'graveyard', onUndecodable: 'reject' });
      expect(bench.broker.ready('graveyard')).toEqual([]);
      expect(bench.broker.count('reject')).toBe(4);
    })());

  it('comes raw to the handler, when onUndecodable says so', () =>
    onBench(async (bench) => {
      expect(await mixed(bench, { onUndecodable: 'raw' })).toEqual([
        1,
        '{"no',
        2,
        'zipped',
        Buffer.from([0xff, 0xfe]).toString(),
        'x',
        3,
      ]);
      expect(bench.logged('error')).toEqual([]);
    })());

  it.each(['manual', 'auto'] as const)('goes to onDecodeError, which settles it when it likes (ack: %s)', (ack) =>
    onBench(async (bench) => {
      const late: Message[] = [];
      const seen: unknown[] = [];
      const onDecodeError = (message: Message, error: Error): void => {
        seen.push(error);
        late.push(message);
      };
      expect(await mixed(bench, { ack, onDecodeError, deadLetter: 'graveyard' })).toEqual([1, 2, 3]);
      expect(seen).toHaveLength(4);
      expect(seen[0]).toBeInstanceOf(DecodeError);
      expect(late.map(({ acknowledged }) => acknowledged)).toEqual([false, false, false, false]);
      for (const message of late) expect(await message.reject()).toBe('ok');
      expect(bench.broker.ready('graveyard')).toEqual([]);
    })(),
  );

  it.each([
    ['throws', fails],
    ['rejects', () => Promise.reject(boom)],
  ])('is not kept for ever when onDecodeError %s', (_, onDecodeError) =>
    onBench(async (bench) => {
      expect(await mixed(bench, { onDecodeError, prefetch: 1 })).toEqual([1, 2, 3]);
      expect(bench.broker.ready('tasks')).toEqual([]);
      expect(bench.logged('error')).toContain('onDecodeError failed');
    })(),
  );

  it('of a noAck consumer is dead-lettered, too', () =>
    onBench(async (bench) => {
      expect(await mixed(bench, { noAck: true, deadLetter: 'graveyard' })).toEqual([1, 2, 3]);
      expect(bench.broker.ready('graveyard')).toHaveLength(4);
    })());

  it('throws at an iterator, which may settle it and go on', () =>
    onBench(async (bench) => {
      const producer = bench.connection().producer();
      await producer.publish('{"no', broken);
      await producer.publish(7, toTasks);
      const got: unknown[] = [];
      for await (const message of bench.connection().messages(tasks)) {
        try {
          got.push(message.payload);
        } catch (error) {
          got.push((error as { code: string }).code);
        }
        await message.ack();
        if (got.length === 2) break;
      }
      expect(got).toEqual(['DECODE_FAILED', 7]);
    })());
});

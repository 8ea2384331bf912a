import type { Message } from '@kombu/core';
import { Consumer, Queue } from '@kombu/core';

import { hangAfter } from '../../src/fault/faults.ts';
import { Gate } from '../../src/fault/gate.ts';
import { onBench } from './support/bench.ts';
import { recoveryScript } from './support/recovery-script.ts';
import { BrokerError } from './support/strict-error.ts';

const tasks = new Queue('tasks');
const toTasks = { routingKey: 'tasks', declare: [tasks] };

describe('a consumer over broken links (R1)', () => {
  it('is fed again: 50 of them, through random scripts of faults, also in the middle of recoveries', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      await recoveryScript(seed).catch((cause: unknown) => {
        throw new Error(`Script ${seed}: ${(cause as Error).message}`, { cause });
      });
    }
  });

  it(
    'counts as consuming only when the broker said so on the present link',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, () => {});
      const gate = new Gate();
      gate.shut();
      expect(connection.health()).toMatchObject({ healthy: true, consumers: [{ phase: 'consuming', generation: 1 }] });
      bench.rules.push({ method: 'consume', fault: hangAfter(gate) });
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
      await bench.settle();
      expect(connection.health()).toMatchObject({
        healthy: false,
        state: 'ready',
        consumers: [{ phase: 'subscribing' }],
      });
      gate.open();
      await bench.settle();
      expect(consumer.health()).toMatchObject([{ phase: 'consuming', generation: 2 }]);
      expect(connection.health().healthy).toBe(true);
    }),
  );

  it(
    'starts although the link breaks while it does, however often',
    onBench(async (bench) => {
      const got: unknown[] = [];
      bench.rules.push(
        { method: 'declareQueue', times: 2, fault: async () => bench.network.drop() },
        { method: 'consume', times: 3, fault: async () => bench.network.drop() },
      );
      const connection = bench.connection();
      await bench.within(
        25_000,
        connection.consume(tasks, (body) => got.push(body)),
      );
      await connection.producer().publish('a', toTasks);
      await bench.settle();
      expect(got).toEqual(['a']);
      expect(bench.broker.consumers('tasks')).toHaveLength(1);
    }),
  );

  it(
    'hands out nothing of the old link: what waited comes again from the broker, once',
    onBench(async (bench) => {
      const gate = new Gate();
      gate.shut();
      const got: [unknown, boolean][] = [];
      const outcomes: unknown[] = [];
      const connection = bench.connection();
      await connection.consume(
        tasks,
        async (body, message) => {
          got.push([body, message.deliveryInfo.redelivered]);
          await gate.pass();
          outcomes.push(await message.ack());
        },
        { concurrency: 1 },
      );
      for (let n = 1; n <= 3; n++) await connection.producer().publish(n, toTasks);
      await bench.network.drop();
      await bench.until(60_000, () => bench.broker.consumers('tasks').length === 1);
      await bench.settle();
      gate.open();
      await bench.settle();
      expect(got).toEqual([
        [1, false],
        [1, true],
        [2, true],
        [3, true],
      ]);
      expect(outcomes).toEqual(['lease-lost', 'ok', 'ok', 'ok']);
      expect(bench.broker.ready('tasks')).toEqual([]);
    }),
  );

  it(
    'also what came before the broker had confirmed the subscription',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish('a', toTasks);
      const got: [unknown, boolean][] = [];
      const gate = new Gate();
      gate.shut();
      // The message is delivered, the answer to consume is not, and the link breaks.
      bench.rules.push({ method: 'consume', times: 1, fault: hangAfter(gate) });
      const consumer = connection.consumer(tasks, {
        handler: (body, message) => {
          got.push([body, message.deliveryInfo.redelivered]);
          return message.ack();
        },
      });
      consumer.pause();
      const starting = consumer.consume();
      await bench.settle();
      expect(consumer.inFlight).toBe(1);
      await bench.network.drop();
      await bench.within(60_000, starting);
      await bench.settle();
      consumer.resume();
      await bench.settle();
      expect(got).toEqual([['a', true]]);
      expect(consumer.inFlight).toBe(0);
    }),
  );

  it(
    'of its own channel: a channel error costs no link, and others do not notice',
    onBench(async (bench) => {
      const connection = bench.connection();
      const got: unknown[] = [];
      const handler = (body: unknown, message: Message): Promise<unknown> => {
        got.push(body);
        return message.ack();
      };
      await connection.consume('one', handler);
      await connection.consume('two', handler);
      const [channel] = bench.broker.consumers('one').map((consumer) => consumer.channel);
      channel?.end(new BrokerError('PRECONDITION_FAILED', 'unknown delivery tag'));
      await bench.settle();
      const producer = connection.producer();
      for (const queue of ['one', 'two']) await producer.publish(queue, { routingKey: queue });
      await bench.settle();
      expect(new Set(got)).toEqual(new Set(['one', 'two']));
      expect(connection.generation).toBe(1);
      expect(bench.broker.count('consume two')).toBe(1);
    }),
  );
});

describe('a consumer whose queue is deleted (R12)', () => {
  it(
    'is told once, and consumes again from the queue that is declared anew, on the same link',
    onBench(async (bench) => {
      const connection = bench.connection();
      const events: unknown[] = [];
      const got: unknown[] = [];
      connection.on('consumerCancelled', ({ queue, reason }) => events.push([queue, reason?.message]));
      await connection.consume(tasks, (body, message) => {
        got.push(body);
        return message.ack();
      });
      bench.broker.deleteQueue('tasks');
      await bench.settle();
      expect(events).toEqual([['tasks', "no queue 'tasks'"]]);
      await connection.producer().publish('after', { routingKey: 'tasks', mandatory: true });
      await bench.settle();
      expect(got).toEqual(['after']);
      expect(connection.generation).toBe(1);
      expect(connection.health().healthy).toBe(true);
    }),
  );

  it(
    'tries with back-off until somebody else declares the queue, when it is not ours to declare',
    onBench(async (bench) => {
      const owner = bench.connection();
      await tasks.declare(owner);
      const connection = bench.connection();
      const got: unknown[] = [];
      await connection.consume(tasks, (body) => got.push(body), { autoDeclare: false });
      bench.broker.deleteQueue('tasks');
      const before = bench.broker.count('consume');
      await bench.clock.advance(60_000);
      expect(bench.broker.count('consume') - before).toBeLessThan(15);
      expect(connection.health()).toMatchObject({
        healthy: false,
        consumers: [{ phase: 'subscribing', lastError: { code: 'NOT_FOUND' } }],
      });
      await tasks.declare(owner);
      await bench.until(30_000, () => bench.broker.consumers('tasks').length === 1);
      await owner.producer().publish('a', toTasks);
      await bench.settle();
      expect(got).toEqual(['a']);
    }),
  );

  it(
    'leaves a queue that is missing for good no bother for others on other channels',
    onBench(async (bench) => {
      const owner = bench.connection();
      await tasks.declare(owner);
      const connection = bench.connection();
      await connection.consume(tasks, () => {}, { autoDeclare: false });
      const got: unknown[] = [];
      await connection.consume('good', (body) => got.push(body));
      bench.broker.deleteQueue('tasks');
      await bench.clock.advance(20_000);
      await bench.network.drop();
      await bench.until(5000, () => bench.broker.consumers('good').length === 1);
      expect(connection.connected).toBe(true);
    }),
  );

  it(
    'stays away when it is cancelled meanwhile',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, () => {}, { autoDeclare: false }).catch(() => undefined);
      expect(consumer).toBeUndefined();
      await tasks.declare(connection);
      const other = await connection.consume(tasks, () => {});
      await tasks.delete(connection);
      await other.cancel();
      await bench.clock.advance(60_000);
      expect(bench.broker.queues.has('tasks')).toBe(false);
      expect(bench.clock.pending).toBe(0);
    }),
  );
});

describe('a consumer that the broker refuses for good (R33)', () => {
  it(
    'rejects at its start, once, while the other consumers go on, and nothing is tried again',
    onBench(async (bench) => {
      await new Queue('tasks', { durable: false }).declare(bench.connection());
      const connection = bench.connection();
      const good = await connection.consume('good', () => {});
      await expect(connection.consume(tasks, () => {})).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining("'tasks'"),
      });
      const operations = bench.broker.log.length;
      await bench.clock.advance(600_000);
      expect(bench.broker.log).toHaveLength(operations);
      expect(good.health()).toMatchObject([{ phase: 'consuming' }]);
      expect(connection.health().healthy).toBe(true);
    }),
  );

  it(
    'after a reconnect fails alone: an event, an error for whoever iterates, and silence',
    onBench(async (bench) => {
      const connection = bench.connection();
      const events: unknown[] = [];
      connection.on('consumerError', ({ queue, error }) => events.push([queue, (error as { code?: string }).code]));
      await connection.consume('good', () => {});
      const reading = (async () => {
        for await (const message of connection.messages(tasks)) await message.ack();
      })().catch((error: unknown) => error);
      await bench.settle();
      bench.rules.push({
        method: 'consume',
        match: ([options]) => (options as { queue: string }).queue === 'tasks',
        fault: async () => {
          throw new BrokerError('ACCESS_REFUSED', 'not yours any more');
        },
      });
      await bench.network.drop();
      await bench.until(60_000, () => bench.broker.consumers('good').length === 1);
      expect(await reading).toMatchObject({ code: 'ACCESS_REFUSED' });
      expect(events).toEqual([['tasks', 'ACCESS_REFUSED']]);
      const operations = bench.broker.log.length;
      await bench.clock.advance(600_000);
      expect(bench.broker.log).toHaveLength(operations);
    }),
  );

  it(
    'takes no others of the same channel with it',
    onBench(async (bench) => {
      const connection = bench.connection();
      const channel = await connection.channel();
      const events: unknown[] = [];
      connection.on('consumerError', ({ queue }) => events.push(queue));
      const queues = ['one', 'bad', 'two', 'three'];
      await new Consumer(channel, { queues, handler: () => {} }).consume();
      const holder = bench.connection();
      await bench.network.drop();
      bench.rules.push({
        method: 'consume',
        times: 1,
        fault: async ({ next }) => {
          // Somebody is faster and takes the queue for himself.
          await new Consumer(holder, { queues: 'bad', exclusive: true, handler: () => {} }).consume();
          return next();
        },
      });
      await bench.until(60_000, () => queues.every((queue) => bench.broker.consumers(queue).length === 1));
      await bench.settle();
      expect(events).toEqual(['bad']);
      for (const queue of ['one', 'two', 'three']) expect(bench.broker.consumers(queue)).toHaveLength(1);
    }),
  );

  it(
    'can be started again when the reason is gone',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, () => {});
      const refuse = {
        method: 'consume',
        fault: async (): Promise<never> => {
          throw new BrokerError('ACCESS_REFUSED', 'maintenance');
        },
      } as const;
      bench.rules.push(refuse);
      await bench.network.drop();
      await bench.until(60_000, () => consumer.health()[0]?.phase === 'failed');
      bench.rules.length = 0;
      await consumer.consume();
      expect(consumer.health()).toMatchObject([{ phase: 'consuming' }]);
      expect(bench.broker.consumers('tasks')).toHaveLength(1);
    }),
  );
});

describe('auto-delete queues', () => {
  it(
    'that went with their last consumer are not brought back by a reconnect',
    onBench(async (bench) => {
      const connection = bench.connection();
      const queue = new Queue('passing', { autoDelete: true });
      const consumer = await connection.consume(queue, () => {});
      await consumer.cancel();
      expect(bench.broker.queues.has('passing')).toBe(false);
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
      expect(bench.broker.queues.has('passing')).toBe(false);
      await consumer.consume();
      expect(bench.broker.consumers('passing')).toHaveLength(1);
    }),
  );
});

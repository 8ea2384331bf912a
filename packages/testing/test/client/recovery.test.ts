import type { ConnectionState } from '@kombu/core';
import { AccessRefusedError, ConnectionError, Exchange, Queue } from '@kombu/core';

import type { Bench } from './support/bench.ts';
import { onBench } from './support/bench.ts';
import { BrokerError } from './support/strict-error.ts';

const toTasks = { routingKey: 'tasks', declare: [new Queue('tasks')] };

/** The times of the attempts to connect from now on, counted from now. */
function attemptTimes(bench: Bench): number[] {
  const times: number[] = [];
  const start = bench.clock.now();
  bench.broker.onConnect = () => void times.push(bench.clock.now() - start);
  return times;
}

describe('recovery', () => {
  it(
    'makes a new link at once when one breaks that had lived for a while, and counts generations',
    onBench(async (bench) => {
      const connection = await bench.connection().connect();
      await bench.clock.advance(60_000);
      const times = attemptTimes(bench);
      await bench.network.drop();
      await bench.until(0, () => connection.connected);
      expect(times).toEqual([0]);
      expect(connection.generation).toBe(2);
    }),
  );

  it(
    'waits longer after each failed attempt, by the policy, as long as it takes',
    onBench(async (bench) => {
      const recovery = { intervalStart: 1000, intervalStep: 2000, intervalMax: 6000, jitter: false };
      const connection = await bench.connection({ recovery }).connect();
      await bench.clock.advance(60_000);
      const times = attemptTimes(bench);
      const { onConnect } = bench.broker;
      bench.broker.onConnect = (...args) => {
        onConnect(...args);
        throw new BrokerError('CONNECTION_FAILED', 'down');
      };
      await bench.network.drop();
      await bench.clock.advance(22_000);
      expect(times).toEqual([0, 1000, 4000, 9000, 15_000, 21_000]);
      expect(connection.state).toBe('recovering');
      expect(connection.health()).toMatchObject({ healthy: false, state: 'recovering' });
      bench.broker.onConnect = onConnect;
      await bench.until(6000, () => connection.connected);
    }),
  );

  it(
    'does not hammer a broker that accepts and drops: links that die young count as failures',
    onBench(async (bench) => {
      const recovery = { intervalStart: 1000, intervalStep: 1000, jitter: false };
      const connection = await bench.connection({ recovery }).connect();
      await bench.clock.advance(60_000);
      const times = attemptTimes(bench);
      for (let drop = 0; drop < 4; drop++) {
        await bench.network.drop();
        await bench.until(60_000, () => connection.connected);
      }
      expect(times).toEqual([0, 1000, 3000, 6000]);
      await bench.clock.advance(5000);
      const again = attemptTimes(bench);
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
      expect(again).toEqual([0]);
    }),
  );

  it(
    'brings exchanges, queues and bindings back before anybody may use the new link',
    onBench(async (bench) => {
      const connection = bench.connection();
      const media = new Exchange('media', { type: 'fanout', durable: false });
      const queue = new Queue('video', { exchange: media, durable: false });
      await queue.declare(connection);
      bench.broker.deleteQueue('video');
      bench.broker.exchanges.clear();
      bench.broker.log.length = 0;
      const publishing = bench.network.drop().then(() => media.publish('a', {}, connection));
      await bench.within(60_000, publishing);
      expect(bench.broker.log).toEqual([
        'declareExchange media',
        'declareQueue video',
        'bind media  video',
        'publish media ',
      ]);
      expect(bench.broker.ready('video')).toEqual(['a']);
    }),
  );

  it(
    'does not bring back what was deleted or unbound',
    onBench(async (bench) => {
      const connection = bench.connection();
      const media = new Exchange('media');
      const kept = new Queue('kept', { exchange: media, routingKey: 'k' });
      const gone = new Queue('gone', { exchange: media, routingKey: 'g' });
      await kept.declare(connection);
      await gone.declare(connection);
      await kept.unbindFrom(media, { routingKey: 'k' }, connection);
      await gone.delete(connection);
      bench.broker.log.length = 0;
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
      expect(bench.broker.log).toEqual(['declareExchange media', 'declareQueue kept']);
    }),
  );

  it(
    'leaves out, with an error in the log, what the broker refuses meanwhile, and brings back the rest',
    onBench(async (bench) => {
      const connection = bench.connection();
      for (const name of ['one', 'two', 'three']) await new Queue(name).declare(connection);
      const changed = bench.broker.queues.get('two');
      bench.broker.queues.clear();
      bench.broker.queues.set('two', { ...changed!, declaration: { ...changed!.declaration, durable: false } });
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
      expect([...bench.broker.queues.keys()].toSorted()).toEqual(['one', 'three', 'two']);
      expect(bench.logged('error')).toEqual(["After the reconnect the broker refused queue 'two'"]);
      const attempts = bench.network.attempts;
      await bench.clock.advance(600_000);
      expect(bench.network.attempts).toBe(attempts);
      // It fails for whoever uses it next, and says why.
      await expect(new Queue('two').declare(connection)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    }),
  );

  it(
    'goes on when the link breaks again in the middle of it',
    onBench(async (bench) => {
      const connection = bench.connection();
      for (let n = 0; n < 5; n++) await new Queue(`q${n}`).declare(connection);
      bench.rules.push({ method: 'declareQueue', skip: 2, times: 3, fault: async () => bench.network.drop() });
      await bench.network.drop();
      await bench.until(120_000, () => connection.connected);
      expect(connection.generation).toBe(2);
      expect(bench.network.connections).toBe(1);
    }),
  );

  it(
    'does not wait for ever for a broker that accepts and then says nothing',
    onBench(async (bench) => {
      const connection = bench.connection();
      await new Queue('tasks').declare(connection);
      bench.rules.push({ method: 'declareQueue', times: 1, fault: () => new Promise(() => {}) });
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
      expect(bench.network.connections).toBe(1);
    }),
  );

  it(
    'tries again after errors that on the first connect would be final',
    onBench(async (bench) => {
      const connection = await bench.connection().connect();
      let refusals = 0;
      bench.broker.onConnect = () => {
        if (refusals++ < 3) throw new BrokerError('ACCESS_REFUSED', 'users are being loaded');
      };
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
    }),
  );

  it(
    'moves to the next host at each failure',
    onBench(async (bench) => {
      const connection = await bench.connection({}, 'strict://a;strict://b;strict://c').connect();
      bench.broker.onConnect = ({ hostname }) => {
        if (hostname !== 'c') throw new BrokerError('CONNECTION_FAILED', 'down');
      };
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
      expect(bench.broker.targets.map(({ hostname }) => hostname)).toEqual(['a', 'a', 'b', 'c']);
    }),
  );

  it(
    'goes on when its errback throws',
    onBench(async (bench) => {
      let told = 0;
      const errback = (): never => {
        told += 1;
        throw new Error('errback');
      };
      const connection = await bench.connection({ recovery: { errback } }).connect();
      bench.network.refuse(2);
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
      expect(told).toBeGreaterThan(0);
    }),
  );

  it(
    'gives up when its policy is used up, tells consumers, and starts again at the next use',
    onBench(async (bench) => {
      const recovery = { maxRetries: 2, intervalStart: 100, intervalStep: 0, jitter: false };
      const connection = bench.connection({ recovery });
      const failed: string[] = [];
      connection.on('consumerError', ({ queue }) => failed.push(queue));
      await connection.consume('tasks', () => {});
      bench.network.refuse();
      await bench.network.drop();
      await bench.until(10_000, () => connection.state === 'idle');
      const attempts = bench.network.attempts;
      await bench.clock.advance(600_000);
      expect(bench.network.attempts).toBe(attempts);
      expect(failed).toEqual(['tasks']);
      expect(bench.clock.pending).toBe(0);
      bench.network.heal();
      await bench.within(1000, connection.producer().publish('a', toTasks));
      expect(connection.connected).toBe(true);
    }),
  );
});

describe('recovery: false', () => {
  it(
    'leaves a broken link broken until the next use, which brings the declared state back',
    onBench(async (bench) => {
      const connection = bench.connection({ recovery: false });
      const states: ConnectionState[] = [];
      await new Queue('tasks', { durable: false }).declare(connection);
      connection.on('state', ({ state }) => states.push(state));
      await bench.network.drop();
      await bench.clock.advance(600_000);
      expect(states).toEqual(['idle']);
      expect(bench.network.attempts).toBe(1);
      bench.broker.queues.clear();
      await connection.producer().publish('a', { routingKey: 'tasks', mandatory: true });
      expect(connection.generation).toBe(2);
    }),
  );

  it(
    'makes a publish fail as soon as all hosts failed once',
    onBench(async (bench) => {
      const connection = bench.connection({ recovery: false }, 'strict://a;strict://b');
      bench.network.refuse();
      const start = bench.clock.now();
      await expect(connection.producer().publish('a', toTasks)).rejects.toBeInstanceOf(ConnectionError);
      expect(bench.clock.now()).toBe(start);
      expect(bench.network.attempts).toBe(2);
      expect(connection.state).toBe('idle');
    }),
  );

  it(
    'is idle again when those who waited for a new link gave up',
    onBench(async (bench) => {
      const connection = await bench.connection({ recovery: false, connectTimeout: 60_000 }).connect();
      bench.network.hangConnect();
      await bench.network.drop();
      const publishing = connection.producer().publish('a', { ...toTasks, timeout: 100 });
      await expect(bench.within(100, publishing)).rejects.toMatchObject({ code: 'TIMEOUT' });
      await bench.settle();
      expect(connection.state).toBe('idle');
      expect(bench.clock.pending).toBe(0);
    }),
  );

  it(
    'brings consumers back with the next link',
    onBench(async (bench) => {
      const connection = bench.connection({ recovery: false });
      const got: unknown[] = [];
      await connection.consume('tasks', (body, message) => {
        got.push(body);
        return message.ack();
      });
      await bench.network.drop();
      await connection.producer().publish('a', toTasks);
      await bench.settle();
      expect(got).toEqual(['a']);
    }),
  );
});

describe('credentials', () => {
  it(
    'that are refused after a switch of users are no reason to try for ever',
    onBench(async (bench) => {
      bench.broker.onConnect = () => {
        throw new BrokerError('ACCESS_REFUSED', 'no');
      };
      const connection = bench.connection();
      await expect(connection.ensureConnection()).rejects.toBeInstanceOf(AccessRefusedError);
      expect(bench.network.attempts).toBe(1);
    }),
  );
});

import type { ConnectionState } from '@kombu/core';
import {
  AbortedError,
  AccessRefusedError,
  Connection,
  ConnectionError,
  InvalidArgumentError,
  Queue,
  TimeoutError,
} from '@kombu/core';

import { onBench } from './support/bench.ts';
import { BrokerError } from './support/strict-error.ts';

const rejects = (): unknown => Promise.reject(new Error('late listener'));
const hanging = (): Promise<never> => new Promise(() => {});
const toTasks = { routingKey: 'tasks', declare: [new Queue('tasks')] };

describe('before the first use', () => {
  it(
    'nothing is sent: neither by the connection nor by what it makes',
    onBench(async (bench) => {
      const connection = bench.connection();
      connection.producer();
      connection.consumer('tasks');
      connection.simpleQueue('tasks');
      connection.pool({ limit: 2 });
      void connection.defaultChannel;
      connection.health();
      connection.info();
      await bench.clock.advance(60_000);
      expect(bench.network.attempts).toBe(0);
      expect(bench.clock.pending).toBe(0);
      expect(connection.state).toBe('idle');
      expect(connection.connected).toBe(false);
    }),
  );

  it(
    'the first use connects',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish('hello', toTasks);
      expect(connection.connected).toBe(true);
      expect(bench.broker.ready('tasks')).toEqual(['hello']);
    }),
  );

  it('malformed URLs and unknown options are refused, with the nearest valid name', () => {
    expect(() => new Connection('strict://h', { connectTimout: 5 } as never)).toThrow(/connectTimeout/);
    expect(() => new Connection('strict://h', { connectTimeout: -1 })).toThrow(InvalidArgumentError);
    expect(() => new Connection([])).toThrow(InvalidArgumentError);
  });
});

describe('connect()', () => {
  it(
    'is one attempt, however many ask at the same time',
    onBench(async (bench) => {
      const connection = bench.connection();
      const producer = connection.producer();
      await Promise.all([
        connection.connect(),
        connection.connect(),
        connection.ensureConnection(),
        connection.channel(),
        producer.publish('a', toTasks),
      ]);
      expect(bench.network.attempts).toBe(1);
      expect(connection.generation).toBe(1);
    }),
  );

  it(
    'gives the connection, and does nothing when it is connected',
    onBench(async (bench) => {
      const connection = bench.connection();
      expect(await connection.connect()).toBe(connection);
      await connection.connect();
      expect(bench.network.attempts).toBe(1);
    }),
  );

  it(
    'rejects with a ConnectionError that has the cause, and neither the password nor the query secrets',
    onBench(async (bench) => {
      const refused = new Error('connect ECONNREFUSED strict://scott:tiger@broker:7777');
      bench.broker.onConnect = () => Promise.reject(refused);
      const connection = bench.connection({}, 'strict://scott:tiger@broker:7777/v?api_key=sesame');
      const error = await connection.connect().catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({ code: 'CONNECTION_FAILED', cause: refused });
      expect((error as Error).message).toContain('broker:7777');
      expect((error as Error).message).not.toMatch(/tiger|sesame/);
      expect(JSON.stringify(bench.log)).not.toMatch(/tiger|sesame/);
      expect(bench.network.attempts).toBe(1);
      expect(connection.state).toBe('idle');
    }),
  );

  it(
    'rejects at once when the broker refuses the credentials, and so does a first publish',
    onBench(async (bench) => {
      bench.broker.onConnect = () => Promise.reject(new BrokerError('ACCESS_REFUSED', 'ACCESS_REFUSED - login'));
      const connection = bench.connection({}, 'strict://a;strict://b');
      await expect(connection.connect()).rejects.toBeInstanceOf(AccessRefusedError);
      expect(bench.network.attempts).toBe(1);
      await expect(connection.producer().publish('a', toTasks)).rejects.toBeInstanceOf(AccessRefusedError);
      await expect(connection.consume('tasks', () => {})).rejects.toBeInstanceOf(AccessRefusedError);
    }),
  );

  it(
    'gives up an attempt after connectTimeout and goes on with the next host',
    onBench(async (bench) => {
      bench.broker.onConnect = ({ hostname }) => (hostname === 'a' ? hanging() : undefined);
      const connection = bench.connection({ connectTimeout: 5000 }, 'strict://a;strict://b');
      const start = bench.clock.now();
      await bench.within(5000, connection.connect());
      expect(bench.clock.now() - start).toBe(5000);
      expect(bench.broker.targets.map(({ hostname }) => hostname)).toEqual(['a', 'b']);
      expect(connection.asUri()).toContain('b');
    }),
  );

  it(
    'tries each host once and rejects with the last error',
    onBench(async (bench) => {
      bench.broker.onConnect = ({ hostname }) => Promise.reject(new Error(`no ${hostname}`));
      const connection = bench.connection({}, ['strict://a', 'strict://b', 'strict://c']);
      await expect(connection.connect()).rejects.toThrow(/no c/);
      expect(bench.network.attempts).toBe(3);
      expect(bench.clock.pending).toBe(0);
    }),
  );

  it(
    'closes a link that comes after its attempt was given up',
    onBench(async (bench) => {
      let accept!: () => void;
      bench.broker.onConnect = () => new Promise<void>((resolve) => (accept = resolve));
      const connection = bench.connection({ connectTimeout: 100 });
      await expect(bench.within(100, connection.connect())).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
      accept();
      await bench.settle();
      expect(bench.network.connections).toBe(0);
    }),
  );

  it(
    'obeys its timeout and its signal, and leaves no timer',
    onBench(async (bench) => {
      bench.network.hangConnect();
      const connection = bench.connection({ connectTimeout: 60_000 });
      await expect(bench.within(200, connection.connect({ timeout: 200 }))).rejects.toBeInstanceOf(TimeoutError);
      await bench.settle();
      expect(bench.clock.pending).toBe(0);
      const controller = new AbortController();
      const connecting = connection.connect({ signal: controller.signal });
      await bench.settle();
      controller.abort(new Error('enough'));
      await expect(connecting).rejects.toBeInstanceOf(AbortedError);
      await bench.settle();
      expect(bench.clock.pending).toBe(0);
    }),
  );

  it(
    'does not end for others when one caller gives up',
    onBench(async (bench) => {
      bench.network.hangConnect();
      const connection = bench.connection();
      const impatient = connection.connect({ timeout: 100 });
      const patient = connection.connect({ timeout: 10_000 });
      await expect(bench.within(100, impatient)).rejects.toBeInstanceOf(TimeoutError);
      bench.network.heal();
      await patient;
      expect(bench.network.attempts).toBe(1);
    }),
  );

  it(
    'asks a password function at each attempt, and for nothing else',
    onBench(async (bench) => {
      const passwords = ['first', 'second'];
      let asked = 0;
      const connection = bench.connection({ userid: 'u', password: async () => passwords[asked++] as string });
      connection.asUri();
      connection.info();
      expect(asked).toBe(0);
      await connection.connect();
      await bench.network.drop();
      await bench.until(60_000, () => connection.connected);
      expect(bench.broker.targets.map(({ password }) => password)).toEqual(['first', 'second']);
    }),
  );

  it(
    'says so when the password function fails',
    onBench(async (bench) => {
      const cause = new Error('vault sealed');
      const connection = bench.connection({ password: () => Promise.reject(cause) }, 'strict://u:old@broker');
      await expect(connection.connect()).rejects.toMatchObject({ code: 'CONNECTION_FAILED', cause });
    }),
  );

  it(
    'gives the transport what options and URL say, its alternates and the heartbeat of the query',
    onBench(async (bench) => {
      const options = {
        userid: 'u',
        password: 'p',
        port: 99,
        transportOptions: { depth: 3 },
        alternates: ['strict://c'],
      };
      await bench.connection(options, 'strict://a/v?heartbeat=250;strict://b').connect();
      expect(bench.broker.targets[0]).toMatchObject({
        hostname: 'a',
        virtualHost: 'v',
        userid: 'u',
        port: 99,
        heartbeat: 250,
        query: {},
        options: { depth: 3 },
      });
      expect(bench.broker.targets[0]?.alternates.map(({ hostname }) => hostname)).toEqual(['a', 'b', 'c']);
    }),
  );
});

describe('a broker that is down (R5)', () => {
  it(
    'makes each publish reject with TimeoutError in time, the first and the tenth, and leaves no timer',
    onBench(async (bench) => {
      bench.network.refuse();
      const producer = bench.connection().producer();
      for (let call = 1; call <= 10; call++) {
        const start = bench.clock.now();
        const publishing = producer.publish('a', { ...toTasks, timeout: 200 });
        const error = await bench.within(200, publishing).catch((cause: unknown) => cause);
        expect(error).toBeInstanceOf(TimeoutError);
        expect((error as Error).message).toContain('refused');
        expect(bench.clock.now() - start).toBe(200);
        await bench.settle();
        expect(bench.clock.pending).toBe(0);
      }
      expect(producer.inFlight).toBe(0);
    }),
  );

  it(
    'does the same when it hangs instead of refusing',
    onBench(async (bench) => {
      bench.network.hangConnect();
      const producer = bench.connection().producer();
      for (let call = 1; call <= 3; call++) {
        const publishing = producer.publish('a', { routingKey: 'tasks', timeout: 200 });
        await expect(bench.within(200, publishing)).rejects.toBeInstanceOf(TimeoutError);
        await bench.settle();
        expect(bench.clock.pending).toBe(0);
      }
    }),
  );

  it(
    'makes every other operation reject in time, too',
    onBench(async (bench) => {
      bench.network.refuse();
      const connection = bench.connection();
      const queue = new Queue('tasks');
      const wait = { timeout: 200 };
      const operations: (() => Promise<unknown>)[] = [
        () => queue.declare(connection, wait),
        () => queue.get(connection, wait),
        () => queue.purge(connection, wait),
        () => queue.delete(connection, wait),
        () => connection.channel(wait),
        () => connection.consume(queue, () => {}, wait),
        () => connection.ensureConnection({}, wait),
      ];
      for (const operation of operations) {
        const error = await bench.within(200, operation()).catch((cause: unknown) => cause);
        expect([String(operation), (error as { code: string }).code]).toEqual([String(operation), 'TIMEOUT']);
        await bench.settle();
        expect(bench.clock.pending).toBe(0);
      }
    }),
  );

  it(
    'makes an abort reject at once and leaves no timer',
    onBench(async (bench) => {
      bench.network.refuse();
      const controller = new AbortController();
      const publishing = bench
        .connection()
        .producer()
        .publish('a', { ...toTasks, signal: controller.signal });
      await bench.clock.advance(50);
      controller.abort();
      await expect(publishing).rejects.toBeInstanceOf(AbortedError);
      await bench.settle();
      expect(bench.clock.pending).toBe(0);
    }),
  );

  it(
    'lets a publish through when it comes back in time',
    onBench(async (bench) => {
      bench.network.refuse(3);
      const publishing = bench.connection().producer().publish('a', toTasks);
      await bench.within(30_000, publishing);
      expect(bench.broker.ready('tasks')).toEqual(['a']);
    }),
  );
});

describe('states', () => {
  it(
    'are told as events, with the error that caused them',
    onBench(async (bench) => {
      const connection = bench.connection();
      const states: [ConnectionState, string | undefined][] = [];
      connection.on('state', ({ state, error }) => states.push([state, error?.message]));
      await connection.connect();
      await bench.network.drop(new ConnectionError('cable cut'));
      await bench.until(60_000, () => connection.connected);
      await connection.close();
      expect(states).toEqual([
        ['connecting', undefined],
        ['ready', undefined],
        ['recovering', 'cable cut'],
        ['ready', undefined],
        ['closing', undefined],
        ['closed', undefined],
      ]);
    }),
  );

  it(
    'go on when a listener throws or rejects, and end for a listener that was removed',
    onBench(async (bench) => {
      const connection = bench.connection();
      const seen: string[] = [];
      connection.on('state', () => {
        throw new Error('listener');
      });
      connection.on('state', rejects);
      const off = connection.on('state', ({ state }) => seen.push(state));
      await connection.connect();
      off();
      await connection.close();
      await bench.settle();
      expect(seen).toEqual(['connecting', 'ready']);
      expect(bench.logged('error').every((line) => line === "A listener of 'state' failed")).toBe(true);
      expect(bench.logged('error')).toHaveLength(8);
    }),
  );

  it(
    'after a failed attempt are idle again',
    onBench(async (bench) => {
      bench.network.refuse(1);
      const connection = bench.connection();
      await expect(connection.connect()).rejects.toBeInstanceOf(ConnectionError);
      expect(connection.state).toBe('idle');
      await connection.connect();
      expect(connection.state).toBe('ready');
    }),
  );
});

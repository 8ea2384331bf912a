import type { Connection, ConnectionState } from '@kombu/core';
import { ConnectionError, Queue } from '@kombu/core';

import { failBefore, hangBefore } from '../../src/fault/faults.ts';
import { Gate } from '../../src/fault/gate.ts';
import { onBench } from './support/bench.ts';
import { BrokerError } from './support/strict-error.ts';

const shutGate = (): Gate => {
  const gate = new Gate();
  gate.shut();
  return gate;
};

/** The states of a connection from now on, each with its error. */
function statesOf(connection: Connection): [ConnectionState, string | undefined][] {
  const states: [ConnectionState, string | undefined][] = [];
  connection.on('state', ({ state, error }) => states.push([state, error?.message]));
  return states;
}

describe('the events of the state', () => {
  it(
    'come in order and with their reasons over a recovery, also with consumers to restore',
    onBench(async (bench) => {
      const connection = bench.connection();
      const states = statesOf(connection);
      await connection.consume('tasks', () => {});
      bench.network.refuse(2);
      await bench.network.drop(new ConnectionError('cable cut'));
      await bench.until(60_000, () => connection.connected);
      await bench.within(1000, connection.close());
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
    'say `connecting` once for all tries of a caller, and `idle` with the last error when he gives up',
    onBench(async (bench) => {
      bench.network.refuse();
      const connection = bench.connection();
      const states = statesOf(connection);
      const policy = { maxRetries: 3, intervalStart: 10, intervalStep: 0 };
      await expect(bench.within(100, connection.ensureConnection(policy))).rejects.toBeInstanceOf(ConnectionError);
      expect(states).toEqual([
        ['connecting', undefined],
        ['idle', expect.stringContaining('refused')],
      ]);
      await expect(connection.connect()).rejects.toBeInstanceOf(ConnectionError);
      expect(states.map(([state]) => state)).toEqual(['connecting', 'idle', 'connecting', 'idle']);
    }),
  );

  it(
    'end in `idle` when a connection without recovery cannot be made again',
    onBench(async (bench) => {
      const connection = await bench.connection({ recovery: false }).connect();
      const states = statesOf(connection);
      bench.network.refuse();
      await bench.network.drop();
      await expect(connection.connect()).rejects.toBeInstanceOf(ConnectionError);
      expect(states.map(([state]) => state)).toEqual(['idle', 'recovering', 'idle']);
      expect(connection.state).toBe('idle');
    }),
  );

  it(
    'never leave `closing` but for `closed`, although links come and go meanwhile',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gate = shutGate();
      await connection.consume('tasks', () => gate.pass());
      await connection.producer().publish('a', { routingKey: 'tasks' });
      await bench.settle();
      bench.network.refuse();
      await bench.network.drop();
      const states = statesOf(connection);
      const closing = connection.close({ timeout: 10_000 });
      await bench.clock.advance(500);
      bench.network.heal();
      await bench.clock.advance(3000);
      await bench.network.drop();
      await bench.clock.advance(1000);
      expect(connection.state).toBe('closing');
      gate.open();
      expect(await bench.within(1000, closing)).toMatchObject({ completed: 1, abandoned: 0 });
      expect(states.map(([state]) => state)).toEqual(['closing', 'closed']);
      expect(bench.network.connections).toBe(0);
    }),
  );

  it(
    'are followed by what a listener does about them',
    onBench(async (bench) => {
      const connection = bench.connection();
      await new Queue('tasks').declare(connection);
      const states = statesOf(connection);
      connection.on('state', ({ state }) => {
        if (state === 'recovering') void connection.close({ timeout: 100 });
      });
      await bench.network.drop();
      await bench.until(1000, () => connection.state === 'closed');
      await bench.clock.advance(60_000);
      expect(states.map(([state]) => state)).toEqual(['recovering', 'closing', 'closed']);
      expect(bench.network.connections).toBe(0);
      expect(bench.clock.pending).toBe(0);
    }),
  );
});

describe('an attempt to connect', () => {
  it(
    'that a caller gave up is no obstacle to the next one, who gets the link',
    onBench(async (bench) => {
      const connection = bench.connection();
      const gate = shutGate();
      bench.rules.push({ method: 'connect', times: 1, fault: hangBefore(gate) });
      await expect(bench.within(100, connection.connect({ timeout: 100 }))).rejects.toMatchObject({ code: 'TIMEOUT' });
      await bench.within(0, connection.connect());
      gate.open();
      await bench.settle();
      expect(connection.connected).toBe(true);
      expect(bench.network.connections).toBe(1);
    }),
  );

  it(
    'shows a publish that waited in vain the trouble with the broker, and not that somebody gave up before',
    onBench(async (bench) => {
      const connection = bench.connection();
      bench.rules.push(
        { method: 'connect', skip: 1, fault: hangBefore(shutGate()) },
        { method: 'connect', times: 1, fault: failBefore(() => new BrokerError('CONNECTION_FAILED', 'refused')) },
      );
      const publish = (): Promise<unknown> =>
        connection
          .producer()
          .publish('a', { routingKey: 'tasks', timeout: 200 })
          .catch((error: unknown) => error);
      await bench.within(200, publish());
      expect(await bench.within(200, publish())).toMatchObject({
        code: 'TIMEOUT',
        message: expect.stringContaining('refused'),
      });
    }),
  );

  it(
    'survives a late link that cannot be closed',
    onBench(async (bench) => {
      const gate = shutGate();
      bench.rules.push({
        method: 'connect',
        times: 1,
        fault: async ({ next }) => {
          await gate.pass();
          const link = (await next()) as { close: () => Promise<void> };
          const close = link.close.bind(link);
          link.close = () => close().then(() => Promise.reject(new Error('late close')));
          return link;
        },
      });
      const connection = bench.connection();
      await expect(bench.within(100, connection.connect({ timeout: 100 }))).rejects.toMatchObject({ code: 'TIMEOUT' });
      gate.open();
      await bench.settle();
      expect(bench.network.connections).toBe(0);
      expect(bench.logged('debug')).toContain('A link could not be closed politely');
    }),
  );
});

describe('a publish that waits during a recovery', () => {
  it.each(['while there is no link', 'while the topology is restored'])('%s keeps its timeout and its signal', (when) =>
    onBench(async (bench) => {
      const connection = bench.connection();
      const tasks = new Queue('tasks');
      await connection.producer().publish('first', { routingKey: 'tasks', declare: [tasks] });
      if (when === 'while there is no link') bench.network.refuse();
      else bench.rules.push({ method: 'declareQueue', fault: hangBefore(shutGate()) });
      await bench.network.drop();
      await bench.clock.advance(200);
      const producer = connection.producer();
      const controller = new AbortController();
      const start = bench.clock.now();
      const ends = [
        producer.publish('a', { routingKey: 'tasks', timeout: 300 }),
        producer.publish('b', { routingKey: 'tasks', signal: controller.signal }),
        producer.publish('c', { routingKey: 'tasks', timeout: 200, retry: true }),
      ].map((each) => each.catch(({ code }: { code: string }) => [code, bench.clock.now() - start]));
      await bench.clock.advance(100);
      controller.abort();
      await bench.clock.advance(1000);
      expect(await Promise.all(ends)).toEqual([
        ['TIMEOUT', 300],
        ['ABORTED', 100],
        ['TIMEOUT', 200],
      ]);
      expect(producer.inFlight).toBe(0);
      // Those that did not give up go on.
      const last = producer.publish('d', { routingKey: 'tasks' });
      bench.rules.length = 0;
      bench.network.heal();
      await bench.within(60_000, last);
      expect(bench.broker.ready('tasks')).toEqual(['first', 'd']);
    })(),
  );
});

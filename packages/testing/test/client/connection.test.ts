import {
  ChannelError,
  Connection,
  ConnectionError,
  InvalidArgumentError,
  isConnection,
  maybeChannel,
  Queue,
  TimeoutError,
  TransportRegistry,
} from '@kombu/core';

import { failBefore } from '../../src/fault/faults.ts';
import { onBench } from './support/bench.ts';
import { StrictBroker } from './support/strict-broker.ts';
import { BrokerError } from './support/strict-error.ts';

const tasks = new Queue('tasks');
const toTasks = { routingKey: 'tasks', declare: [tasks] };

describe('drainEvents()', () => {
  it(
    'resolves when a message was handled, and rejects with TimeoutError when none is',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.consume(tasks, (_, message) => message.ack());
      await expect(bench.within(100, connection.drainEvents({ timeout: 100 }))).rejects.toBeInstanceOf(TimeoutError);
      const draining = connection.drainEvents({ timeout: 100 });
      await connection.producer().publish('a', toTasks);
      await draining;
    }),
  );

  it(
    'counts what was handled since the last call, once',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.consume(tasks, (_, message) => message.ack());
      await connection.producer().publish('a', toTasks);
      await connection.producer().publish('b', toTasks);
      await bench.settle();
      await connection.drainEvents();
      await expect(bench.within(100, connection.drainEvents({ timeout: 100 }))).rejects.toBeInstanceOf(TimeoutError);
    }),
  );

  it(
    'is woken by failed handlers and by messages of iterators, too',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.consume(tasks, () => {
        throw new Error('boom');
      });
      await connection.producer().publish('a', toTasks);
      await connection.drainEvents();
      const messages = connection.consumer('others')[Symbol.asyncIterator]();
      const next = messages.next();
      await connection.producer().publish('b', { routingKey: 'others', declare: [new Queue('others')] });
      await next;
      await connection.drainEvents();
    }),
  );

  it(
    'ends with its signal and with the connection; waits that ended leave nothing behind',
    onBench(async (bench) => {
      const connection = bench.connection();
      const controller = new AbortController();
      const aborted = connection.drainEvents({ signal: controller.signal });
      controller.abort();
      await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
      for (let n = 0; n < 5; n++) await bench.within(1, connection.drainEvents({ timeout: 1 })).catch(() => {});
      const [one, other] = [connection.drainEvents(), connection.drainEvents()];
      const outcomes = Promise.allSettled([one, other]);
      await connection.close();
      expect(await outcomes).toMatchObject([{ reason: { code: 'CLOSED' } }, { reason: { code: 'CLOSED' } }]);
    }),
  );
});

describe('ensure() and autoretry()', () => {
  it(
    'pass success and foreign errors through',
    onBench(async (bench) => {
      const connection = bench.connection();
      expect(await connection.ensure(async () => 7)).toBe(7);
      const foreign = new Error('mine');
      let calls = 0;
      await expect(
        connection.ensure(async () => {
          calls += 1;
          throw foreign;
        }),
      ).rejects.toBe(foreign);
      expect(calls).toBe(1);
    }),
  );

  it(
    'run again after a reconnect, at most maxRetries times',
    onBench(async (bench) => {
      const connection = await bench.connection().connect();
      let calls = 0;
      const operation = async (): Promise<number> => {
        calls += 1;
        if (calls > 2) return calls;
        await bench.network.drop();
        throw new ConnectionError('lost');
      };
      expect(await bench.within(60_000, connection.ensure(operation))).toBe(3);
      calls = -100;
      const policy = { maxRetries: 3, intervalStart: 0, intervalStep: 0 };
      const giveUp = bench.within(60_000, connection.ensure(operation, policy));
      await expect(giveUp).rejects.toBeInstanceOf(ConnectionError);
      expect(calls).toBe(-96);
    }),
  );

  it(
    'give the present channel to the operation, a new one after a channel was closed',
    onBench(async (bench) => {
      const connection = bench.connection();
      const seen: unknown[] = [];
      const retried = connection.autoretry(async (channel, text: string) => {
        seen.push(channel);
        if (seen.length === 1) {
          await channel.close();
          throw new ChannelError('gone');
        }
        return `${text}!`;
      });
      expect(await bench.within(60_000, retried('done'))).toBe('done!');
      expect(seen[0]).not.toBe(seen[1]);
      expect(maybeChannel(connection)).toBe(seen[1]);
      expect(maybeChannel(connection.defaultChannel)).toBe(seen[1]);
      expect(() => maybeChannel({} as never)).toThrow(InvalidArgumentError);
      expect([isConnection(connection), isConnection({})]).toEqual([true, false]);
    }),
  );

  it(
    'end when the connection closes',
    onBench(async (bench) => {
      const connection = await bench.connection().connect();
      bench.network.refuse();
      await bench.network.drop();
      const ensured = connection
        .ensure(async () => {
          throw new ConnectionError('lost');
        })
        .catch((error: unknown) => error);
      await bench.clock.advance(10);
      await bench.within(1000, connection.close());
      expect(await ensured).toMatchObject({ code: 'CLOSED' });
    }),
  );
});

describe('ensureConnection()', () => {
  it(
    'tries by its policy, tells its errback, and gives the connection',
    onBench(async (bench) => {
      bench.network.refuse(2);
      const connection = bench.connection();
      const seen: unknown[] = [];
      const policy = {
        intervalStart: 1000,
        intervalStep: 1000,
        jitter: false,
        errback: (error: Error, interval: number) => seen.push([error.constructor.name, interval]),
      };
      expect(await bench.within(3000, connection.ensureConnection(policy))).toBe(connection);
      expect(seen).toEqual([
        ['ConnectionError', 1000],
        ['ConnectionError', 2000],
      ]);
    }),
  );

  it(
    'gives up after maxRetries and within timeout',
    onBench(async (bench) => {
      bench.network.refuse();
      const connection = bench.connection();
      const policy = { maxRetries: 2, intervalStart: 10, intervalStep: 0, jitter: false };
      await expect(bench.within(20, connection.ensureConnection(policy))).rejects.toBeInstanceOf(ConnectionError);
      expect(bench.network.attempts).toBe(3);
      await expect(bench.within(500, connection.ensureConnection({ timeout: 500 }))).rejects.toBeInstanceOf(
        ConnectionError,
      );
      await bench.settle();
      expect(bench.clock.pending).toBe(0);
    }),
  );
});

describe('clone() and switch()', () => {
  it(
    'clone makes a connection of its own with the same settings, changed as given',
    onBench(async (bench) => {
      const connection = bench.connection({ alternates: ['strict://c'], connectTimeout: 77 }, 'strict://a;strict://b');
      await connection.connect();
      const clone = connection.clone({ connectTimeout: 99 });
      expect(clone.info()).toEqual({ ...connection.info(), connectTimeout: 99 });
      expect(clone.info().alternates).toHaveLength(3);
      expect(clone.state).toBe('idle');
      await clone.connect();
      expect(bench.network.connections).toBe(2);
      await bench.within(1000, clone.close());
      expect(connection.connected).toBe(true);
    }),
  );

  it(
    'switch moves to another host at the next use, forgets declarations, and brings a closed connection back',
    onBench(async (bench) => {
      const connection = bench.connection({}, 'strict://a');
      const states: string[] = [];
      connection.on('state', ({ state }) => states.push(state));
      await connection.producer().publish('a', toTasks);
      await connection.switch('strict://b/v');
      expect(bench.network.connections).toBe(0);
      expect(connection.state).toBe('idle');
      await connection.producer().publish('b', toTasks);
      expect(bench.broker.targets.map(({ hostname, virtualHost }) => [hostname, virtualHost])).toEqual([
        ['a', undefined],
        ['b', 'v'],
      ]);
      expect(bench.broker.count('declareQueue tasks')).toBe(2);
      await connection.close();
      await connection.switch(['strict://c', 'strict://d']);
      await connection.connect();
      expect(connection.connected).toBe(true);
      expect(bench.broker.targets.at(-1)?.hostname).toBe('c');
      expect(states.filter((state) => state === 'ready')).toHaveLength(3);
    }),
  );

  it(
    'switch refuses a malformed URL and changes nothing',
    onBench(async (bench) => {
      const connection = await bench.connection().connect();
      await expect(connection.switch([])).rejects.toBeInstanceOf(InvalidArgumentError);
      expect(connection.connected).toBe(true);
    }),
  );
});

describe('info() and asUri()', () => {
  it('tell what is in use, without the password unless asked for', () => {
    const transport = new StrictBroker();
    const connection = new Connection('strict://scott:tiger@db.example/v%2fhost?api_key=sesame', { transport });
    expect(connection.info()).toMatchObject({
      transport: 'strict',
      hostname: 'db.example',
      port: 7777,
      userid: 'scott',
      virtualHost: 'v/host',
      ssl: false,
      connectTimeout: 5000,
      failoverStrategy: 'round-robin',
    });
    expect(JSON.stringify(connection.info())).not.toMatch(/tiger|sesame/);
    expect(connection.asUri()).toMatch(/^strict:\/\/scott:\*\*@db\.example(:7777)?\/v/);
    expect(connection.asUri()).not.toMatch(/tiger|sesame/);
    expect(connection.asUri({ mask: 'xxx' })).toContain('scott:xxx@');
    expect(connection.asUri({ includePassword: true })).toContain('tiger');
    expect(new Connection(connection.asUri({ includePassword: true }), { transport }).info()).toEqual(
      connection.info(),
    );
  });

  it('read heartbeat from options and query', () => {
    const transport = new StrictBroker();
    expect(new Connection('strict://h?heartbeat=5000', { transport }).info().heartbeat).toBe(5000);
    expect(new Connection('strict://h', { transport, heartbeat: 100 }).info().heartbeat).toBe(100);
  });

  it('find the transport in a registry of the application', async () => {
    const registry = new TransportRegistry({ load: () => Promise.reject(new Error('none')), dependencies: () => [] });
    registry.register(new StrictBroker());
    const connection = new Connection('strict://h', { registry });
    expect(connection.capabilities?.exchangeTypes).toEqual(['direct', 'fanout']);
    expect(await connection.supportsExchangeType('fanout')).toBe(true);
    expect(await connection.supportsExchangeType('headers')).toBe(false);
    expect(connection.unwrap()).toBeUndefined();
    await connection.connect();
    expect(connection.unwrap()).toBeInstanceOf(StrictBroker);
    await connection.close();
    await expect(new Connection('strikt://h', { registry }).connect()).rejects.toMatchObject({
      code: 'UNKNOWN_TRANSPORT',
    });
  });
});

describe('health()', () => {
  it(
    'is well while nothing is asked of it and it is connected, and ill when it is not',
    onBench(async (bench) => {
      const connection = bench.connection();
      expect(connection.health()).toEqual({
        healthy: false,
        state: 'idle',
        blocked: false,
        consumers: [],
        lastError: undefined,
      });
      await connection.connect();
      expect(connection.health().healthy).toBe(true);
      bench.network.refuse();
      await bench.network.drop(new ConnectionError('cable cut'));
      expect(connection.health()).toMatchObject({
        healthy: false,
        state: 'recovering',
        lastError: { message: expect.any(String) },
      });
    }),
  );

  it(
    'needs signs of life from each consumer, where the transport knows of them (R26)',
    onBench(async (bench) => {
      const connection = bench.connection({ transport: bench.broker });
      const consumer = await connection.consume(tasks, () => {});
      let lastReadAt: number | undefined = bench.clock.now();
      const [channel] = bench.broker.consumers('tasks').map((each) => each.channel);
      Object.assign(channel!, { lastReadAt: () => lastReadAt });
      await bench.clock.advance(50_000);
      expect(connection.health()).toMatchObject({
        healthy: true,
        consumers: [{ queue: 'tasks', lastReadAt, inFlight: 0 }],
      });
      await bench.clock.advance(20_000);
      expect(connection.health().healthy).toBe(false);
      lastReadAt = bench.clock.now();
      expect(connection.health().healthy).toBe(true);
      await connection.producer().publish('a', toTasks);
      await bench.settle();
      expect(consumer.health()).toMatchObject([
        { phase: 'consuming', generation: 1, inFlight: 1, lastDeliveryAt: bench.clock.now() },
      ]);
    }),
  );

  it(
    'does not miss a consumer that was cancelled',
    onBench(async (bench) => {
      const connection = bench.connection();
      const consumer = await connection.consume(tasks, () => {});
      await connection.producer().publish('a', toTasks);
      await bench.settle();
      await consumer.cancel();
      expect(connection.health().healthy).toBe(true);
    }),
  );
});

describe('a control operation', () => {
  it(
    'that is refused hits its caller alone: channels, consumers and those in line go on',
    onBench(async (bench) => {
      const connection = bench.connection();
      const got: unknown[] = [];
      await connection.consume(tasks, (body) => got.push(body));
      await new Queue('fine').declare(connection);
      const outcomes = await Promise.allSettled([
        new Queue('tasks', { durable: false }).declare(connection),
        new Queue('missing').size(connection),
        new Queue('fine').declare(connection),
        new Queue('missing').purge(connection),
        new Queue('fine').size(connection),
      ]);
      expect(
        outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : 'ok')),
      ).toEqual(['PRECONDITION_FAILED', 'NOT_FOUND', 'ok', 'NOT_FOUND', 'ok']);
      await connection.producer().publish('a', toTasks);
      await bench.settle();
      expect(got).toEqual(['a']);
      expect(connection.generation).toBe(1);
    }),
  );

  it(
    'is done again on the next link when one breaks under it, within its deadline',
    onBench(async (bench) => {
      const connection = bench.connection();
      bench.rules.push({ method: 'declareQueue', times: 2, fault: async () => bench.network.drop() });
      await bench.within(10_000, tasks.declare(connection));
      expect(connection.generation).toBe(3);
      bench.rules.splice(0, bench.rules.length, {
        method: 'declareQueue',
        fault: failBefore(() => new BrokerError('CONNECTION_LOST', 'flaky')),
      });
      await expect(bench.within(2000, tasks.declare(connection, { timeout: 2000 }))).rejects.toBeInstanceOf(
        TimeoutError,
      );
    }),
  );

  it(
    'that hangs keeps nobody else waiting beyond his own deadline, and its signal ends it',
    onBench(async (bench) => {
      const connection = bench.connection();
      bench.rules.push({ method: 'purgeQueue', fault: () => new Promise(() => {}) });
      const controller = new AbortController();
      const hanging = tasks.purge(connection, { signal: controller.signal });
      await expect(bench.within(100, tasks.declare(connection, { timeout: 100 }))).rejects.toBeInstanceOf(TimeoutError);
      controller.abort();
      await expect(hanging).rejects.toMatchObject({ code: 'ABORTED' });
      await tasks.declare(connection);
    }),
  );
});

describe('a channel', () => {
  it(
    'is opened anew after the broker closed it',
    onBench(async (bench) => {
      const connection = bench.connection();
      const channel = await connection.channel();
      bench.broker.channels[0]?.end(new BrokerError('CHANNEL_ERROR', 'closed'));
      expect(channel.isOpen).toBe(false);
      expect(channel.isClosed).toBe(false);
      await tasks.declare(connection);
      expect(await tasks.get(channel)).toBeUndefined();
      expect(channel.isOpen).toBe(true);
      await channel.close();
      await channel.close();
      expect([channel.isOpen, channel.isClosed]).toEqual([false, true]);
      await expect(tasks.get(channel)).rejects.toMatchObject({ code: 'CLOSED' });
    }),
  );

  it(
    'leaves nothing behind when it cannot be opened',
    onBench(async (bench) => {
      bench.network.refuse();
      const connection = bench.connection();
      await expect(bench.within(100, connection.channel({ timeout: 100 }))).rejects.toBeInstanceOf(TimeoutError);
      await bench.settle();
      expect(connection.internals.channels.size).toBe(0);
      expect(bench.clock.pending).toBe(0);
    }),
  );

  it(
    'gives its unsettled messages back when it closes',
    onBench(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish('a', toTasks);
      const channel = await connection.channel();
      const message = await tasks.get(channel);
      const { signal } = message!;
      await channel[Symbol.asyncDispose]();
      expect(bench.broker.ready('tasks')).toEqual(['a']);
      expect(signal.aborted).toBe(true);
      expect(await message?.ack()).toBe('lease-lost');
    }),
  );

  it(
    'survives an end that comes while it opens, or before its opener knows that it is open',
    onBench(async (bench) => {
      const connection = bench.connection();
      bench.rules.push({
        method: 'openChannel',
        times: 3,
        fault: async ({ args }) => {
          const error = new BrokerError('CONNECTION_LOST', 'gone while opening');
          (args[0] as { closed(e: Error): void }).closed(error);
          throw error;
        },
      });
      await bench.within(10_000, tasks.declare(connection));
      await bench.within(10_000, connection.channel());
      expect(bench.network.attempts).toBe(4);
      bench.rules.splice(0, bench.rules.length, {
        method: 'openChannel',
        times: 1,
        fault: async ({ args, next }) => {
          const channel = await next();
          (args[0] as { closed(e: Error): void }).closed(new BrokerError('CHANNEL_ERROR', 'over before it began'));
          return channel;
        },
      });
      await expect(connection.channel()).rejects.toMatchObject({ code: 'CHANNEL_ERROR' });
      expect((await connection.channel()).isOpen).toBe(true);
      expect(connection.connected).toBe(true);
    }),
  );
});

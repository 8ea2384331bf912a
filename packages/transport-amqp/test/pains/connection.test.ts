import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@kombu/core';
import { Queue } from '@kombu/core';
import type { KombuError } from '@kombu/core/spi';
import { LeakProbe, TcpProxy } from '@kombu/testing';
import { TestBroker } from '../support/broker.ts';
import { eventually } from '../support/eventually.ts';
import { RawChannel } from '../support/raw-channel.ts';
import { quickRecovery as recovery } from '../support/recovery-script.ts';

let broker: TestBroker;
let proxy: TcpProxy;

beforeAll(async () => {
  broker = await TestBroker.open();
});
beforeEach(async () => {
  proxy = await TcpProxy.listen({ target: broker.address });
});
afterEach(async () => {
  await broker.closeConnections();
  await proxy.close();
});
afterAll(() => broker.close());

const connect = (options = {}): Connection => broker.connection({ port: proxy.port, recovery, ...options });

/** Brings a connection into a state; what it promises there, nobody waits for. */
const states: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
  'never connected': () => Promise.resolve(),
  connected: (connection) => connection.connect(),
  consuming: (connection) => connection.consume('closing', () => {}),
  publishing: async (connection) => {
    const producer = connection.producer();
    await producer.publish('x', { routingKey: 'closing', declare: [new Queue('closing')] });
    for (let index = 0; index < 50; index++) producer.publish('x', { routingKey: 'closing' }).catch(() => {});
  },
  'at work': async (connection) => {
    let isAtWork = false;
    await connection.consume('closing', (_, message) => {
      isAtWork = true;
      return sleep(60_000, undefined, { signal: message.signal });
    });
    await connection.producer().publish('x', { routingKey: 'closing' });
    await eventually('the work', () => isAtWork);
  },
};

describe('a connection', () => {
  it('R10: closes in every state and with every fault of the link, and nothing stays', async () => {
    await new Queue('closing').declare(broker.connection());
    const probe = await LeakProbe.start({ gauges: { links: () => proxy.connections.length } });
    for (const enter of Object.values(states)) {
      for (const fault of ['none', 'refuse', 'reset', 'blackhole', 'stall', 'halfClose'] as const) {
        const connection = connect({ connectTimeout: 300 });
        await enter(connection);
        if (fault !== 'none') proxy[fault]();
        const closings = [connection.close({ timeout: 100 }), connection.close()];
        await Promise.all(closings);
        await proxy.heal();
        proxy.reset();
      }
    }
    await probe.assertClean({ timeoutMs: 10_000 });
  });

  it('R17: goes on with another host when the broker throws everybody out and takes nobody', async () => {
    const down = await TcpProxy.listen({ target: broker.address });
    const urls = `${broker.urlVia(down.port)};${broker.urlVia(proxy.port)}`;
    const connection = broker.connectionTo(urls, { recovery });
    const queue = new Queue<string>('failover');
    const got: string[] = [];
    await connection.consume(queue, async (body, message) => {
      got.push(body);
      await message.ack();
    });
    expect(down.connections).toHaveLength(1);
    down.refuse();
    down.reset();
    await connection.producer({ timeout: 20_000 }).publish('x', { routingKey: 'failover' });
    await eventually('the message', () => got.length === 1);
    expect(proxy.connections).toHaveLength(2);
    await connection.close();
    await down.close();
  });

  it('R26: is not healthy while its consumer hears nothing, whatever the other socket says', async () => {
    const connection = connect({ heartbeat: 1000, recovery: { ...recovery, intervalStart: 500 } });
    await connection.consume('health', () => {});
    const producer = connection.producer();
    await producer.publish('x', { routingKey: 'health' });
    await proxy.connected(2);
    expect(connection.health().healthy).toBe(true);
    proxy.connections[0]?.blackhole();
    await producer.publish('x', { routingKey: 'health' });
    await eventually('the doubt', () => !connection.health().healthy);
    await eventually('the recovery', () => connection.health().healthy);
  });

  it('R27: leaves nothing behind, however often it breaks, closes, or is made for one message', async () => {
    const probe = await LeakProbe.start({ gauges: { links: () => proxy.connections.length } });
    const connection = connect();
    await connection.consume('leaks', () => {});
    for (let round = 0; round < 12; round++) {
      proxy.reset();
      await eventually('the next link', () => connection.health().healthy && connection.generation === round + 2);
      await connection.producer().publish('x', { routingKey: 'leaks' });
      const short = connect();
      await short.producer().publish('x', { routingKey: 'leaks' });
      await short.close();
    }
    await eventually('the links', () => proxy.connections.length === 2);
    await connection.close();
    await probe.assertClean({ timeoutMs: 5000 });
  });

  it('R27: without a channel left says so, and does not hang', async () => {
    const connection = broker.connection({ transportOptions: { channelMax: 2 } });
    const opened = Promise.all(Array.from({ length: 3 }, () => connection.channel()));
    await expect(opened).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('R34: needs no more rights than to write and to read, and shows the password to nobody', async () => {
    await using owner = await RawChannel.open(broker.url);
    await owner.declare('theirs');
    const [user, password] = [`least-${Date.now()}`, 'p@ss/w:rd#%?'];
    const { server, virtualHost } = broker;
    await server.createUser(
      user,
      password,
      { configure: '^$', write: '^amq\\.default$', read: '^theirs$' },
      virtualHost,
    );
    const logged: string[] = [];
    const log = (message: string, fields: unknown): void => void logged.push(message + JSON.stringify(fields));
    const connection = broker.connectionTo(server.urlFor({ user, password, virtualHost }), {
      logger: { debug: log, info: log, warn: log, error: log },
    });
    const got: string[] = [];
    await connection.consume(
      'theirs',
      async (body, message) => {
        got.push(String(body));
        await message.ack();
      },
      { autoDeclare: false },
    );
    await connection.producer().publish('x', { routingKey: 'theirs' });
    await eventually('the message', () => got.length === 1);
    const refused = await new Queue('mine').declare(connection).catch((error: unknown) => error as KombuError);
    expect(refused).toMatchObject({ code: 'ACCESS_REFUSED' });
    const shown = [...logged, (refused as KombuError).message, JSON.stringify(connection.info()), connection.asUri()];
    for (const text of shown) expect(text).not.toMatch(/p@ss|p%40ss/);
    await server.deleteUser(user);
  });
});

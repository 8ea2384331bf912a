import type { Message } from '@kombu/core';
import { Connection, Queue } from '@kombu/core';
import { silentLogger } from '@kombu/core/spi';
import type { RabbitMq } from '@kombu/services';
import { privateService } from '@kombu/services';
import { Ledger, registerConformance, transportConformance, transportHarness } from '@kombu/testing';
import { amqpTransport } from '../src/index.ts';
import { eventually } from './support/eventually.ts';

// What concerns all who use a broker needs one of our own.
/** Cases that the shared broker skips. */
const ownBroker = ['harness:restartBroker', 'harness:blockPublishers'] as const;

let server: RabbitMq;

beforeAll(async () => {
  server = await privateService('amqp');
}, 120_000);
afterAll(() => server?.close());

const connect = (): Connection =>
  new Connection(server.url, {
    transport: amqpTransport,
    logger: silentLogger,
    recovery: { intervalStart: 50, intervalStep: 100, intervalMax: 500 },
  });

describe('a broker short of memory', () => {
  it('blocks publishers, with its reason, and nobody else; they go on afterwards (R23)', async () => {
    await using connection = connect();
    const queue = new Queue<string>('alarm');
    const blocks: boolean[] = [];
    connection.on('blocked', ({ blocked }) => blocks.push(blocked));
    const got: string[] = [];
    let held: Message<string> | undefined;
    await connection.consume(
      queue,
      async (body, message) => {
        got.push(body);
        if (body === 'held') held = message;
        else await message.ack();
      },
      { prefetch: 1 },
    );
    const producer = connection.producer({ timeout: 30_000 });
    await producer.publish('held', { routingKey: 'alarm' });
    await producer.publish('waits for credit', { routingKey: 'alarm' });
    await eventually('the delivery', () => held !== undefined);
    await server.setMemoryAlarm(true);
    // The broker tells publishers when they publish.
    const caught = producer.publish('caught', { routingKey: 'alarm' });
    await eventually('the news', () => blocks.at(-1) === true);
    const late = producer.publish('late', { routingKey: 'alarm', timeout: 200 });
    await expect(late).rejects.toMatchObject({ code: 'BLOCKED' });
    // Acks have a socket of their own: with the credit the next message comes.
    expect(await held?.ack()).toBe('ok');
    await eventually('the next delivery', () => got.length === 2);
    await server.setMemoryAlarm(false);
    expect(await caught).toMatchObject({ guarantee: 'confirmed' });
    await eventually('the rest', () => got.length === 3);
    expect(got).toEqual(['held', 'waits for credit', 'caught']);
    expect(blocks).toEqual([true, false]);
  });

  it('holds up no close (R23)', async () => {
    const connection = connect();
    const producer = connection.producer();
    await producer.publish('x', { routingKey: 'closing', declare: [new Queue('closing')] });
    await server.setMemoryAlarm(true);
    const stuck = producer.publish('stuck', { routingKey: 'closing' }).catch((error: unknown) => error);
    await connection.close({ timeout: 1000 });
    expect(await stuck).toMatchObject({ code: expect.stringMatching(/^(PUBLISH_UNCERTAIN|CLOSED|BLOCKED)$/) });
    await server.setMemoryAlarm(false);
  });
});

describe('a broker that waits for an ack in vain', () => {
  it('closes the channel; its messages are lost to us, and the consumer goes on (R14)', async () => {
    await server.ctl('eval', 'application:set_env(rabbit, channel_tick_interval, 200).');
    await server.ctl('eval', 'application:set_env(rabbit, consumer_timeout, 1000).');
    await using connection = connect();
    const queue = new Queue<string>('patience');
    const held: Message<string>[] = [];
    await connection.consume(queue, (_, message) => void held.push(message));
    await connection.producer().publish('slow', { routingKey: 'patience' });
    await eventually('the delivery', () => held.length === 1);
    const [slow] = held;
    await eventually('the end of its patience', () => slow?.signal.aborted === true);
    expect(String(slow?.signal.reason)).toMatch(/timed out/);
    expect(await slow?.ack()).toBe('lease-lost');
    await server.ctl('eval', 'application:set_env(rabbit, consumer_timeout, 1800000).');
    // While the broker was told, its patience with the next delivery may have ended, too.
    await eventually('a redelivery that is ours', async () => {
      const last = held.at(-1);
      return last?.acknowledged === false && (await last.ack()) === 'ok';
    });
    expect(connection.generation).toBe(1);
  });
});

describe('a broker that restarts under load', () => {
  it('loses nothing, and everybody goes on (R1, R6, R32)', async () => {
    await using connection = connect();
    const ledger = new Ledger();
    const queue = new Queue<string>('load');
    await connection.consume(queue, async (body, message) => {
      ledger.delivered(body, message.deliveryInfo.redelivered);
      ledger.settled(body, await message.ack());
    });
    const producer = connection.producer({ timeout: 60_000 });
    const publishes: Promise<unknown>[] = [];
    const over = new AbortController();
    const load = (async () => {
      while (!over.signal.aborted) {
        const id = ledger.newId();
        const published = producer.publish(id, { routingKey: 'load' });
        publishes.push(
          ledger.track(
            id,
            published.then(({ guarantee }) => guarantee),
          ),
        );
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    await eventually('some load', () => publishes.length > 100);
    await server.restart();
    await eventually('the next link', () => connection.generation > 1 && connection.connected);
    const count = publishes.length;
    await eventually('some more load', () => publishes.length > count + 100);
    over.abort();
    await load;
    await Promise.all(publishes);
    await producer.publish('the last', { routingKey: 'load' });
    ledger.attempted('the last');
    ledger.confirmed('the last');
    await eventually('the last', () => ledger.history('the last').length > 3);
    ledger.assertNothingLost({ allowDuplicates: true, allowLostAcks: true });
  }, 90_000);
});

registerConformance(
  { describe, it, beforeAll, afterAll },
  transportConformance.filter(({ requires = [] }) => ownBroker.some((need) => requires.includes(need))),
  transportHarness({
    name: 'amqp with a broker of its own',
    transport: amqpTransport,
    url: () => server.url,
    restartBroker: () => server.restart(),
    blockPublishers: async () => {
      await server.setMemoryAlarm(true);
      return () => server.setMemoryAlarm(false);
    },
  }),
);

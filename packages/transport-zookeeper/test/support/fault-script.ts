import { setTimeout } from 'node:timers/promises';
import { Connection, Queue } from '@kombu/core';
import type { Random } from '@kombu/core/spi';
import { Ledger, TcpProxy, seeded } from '@kombu/testing';
import { zookeeperTransport } from '../../src/index.ts';
import { envelope } from './messages.ts';
import { connectRaw } from './raw.ts';
import { placesOf } from './places.ts';
import { inNewRoot } from './stores.ts';
import { until } from './wait.ts';

/** A link that hangs is found out within two thirds of a session. */
const transportOptions = { sessionTimeout: 1000, hostTimeout: 300 };
const recovery = { intervalStart: 5, intervalStep: 5, intervalMax: 50, jitter: false };

/** One random fault, and some time in which it acts. */
async function strike(proxy: TcpProxy, random: Random): Promise<void> {
  const direction = random() < 0.5 ? 'upstream' : 'downstream';
  const kind = Math.floor(random() * 7);
  if (kind === 0) proxy.reset();
  else if (kind === 1) proxy.reset(direction);
  else if (kind === 2) proxy.blackhole(random() < 0.5 ? undefined : direction);
  else if (kind === 3) proxy.halfClose(direction);
  else if (kind === 4) proxy.cutAfter(Math.floor(random() * 3000), direction);
  else if (kind === 5) proxy.slice(1 + Math.floor(random() * 40), 0);
  else {
    proxy.refuse();
    proxy.reset();
  }
  // Shorter than a session, about as long, and longer.
  await setTimeout(random() ** 2 * 1500);
  if (random() < 0.7) await proxy.heal();
}

/**
 * Consumers and a publisher live through a random script of faults, also in the middle of recoveries. After the last one every
 * queue gets a message as Python puts it, and every consumer has to get it; of what was published nothing may be lost.
 */
export async function faultScript(server: string, seed: number, consumers = 10): Promise<void> {
  const random = seeded(seed);
  const url = inNewRoot(server);
  const raw = await connectRaw(url);
  const { hostname, port } = new URL(url);
  const proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const options = { transport: zookeeperTransport, transportOptions, recovery, connectTimeout: 500, logger };
  const consuming = new Connection(proxy.url(url), options);
  const publishing = new Connection(proxy.url(url), options);
  const ledger = new Ledger();
  const queues = Array.from({ length: consumers }, (_, index) => new Queue<string>(`q${index}`));
  const last = new Set<string>();
  try {
    for (const queue of queues) {
      await consuming.consume(
        queue,
        async (body, message) => {
          if (body.startsWith('last ')) last.add(body);
          else ledger.delivered(body, message.deliveryInfo.redelivered);
          const outcome = await message.ack();
          if (!body.startsWith('last ')) ledger.settled(body, outcome);
        },
        { prefetch: 5 },
      );
    }
    const producer = publishing.producer();
    const publishes: Promise<unknown>[] = [];
    for (let round = 0; round < 3 + random() * 3; round++) {
      for (const queue of queues) {
        const id = ledger.newId();
        publishes.push(
          ledger.track(
            id,
            producer.publish(id, { routingKey: queue.name, timeout: 20_000 }).then((end) => end.guarantee),
          ),
        );
      }
      await strike(proxy, random);
    }
    await proxy.heal();
    await Promise.all(publishes);
    for (const { name } of queues) await raw.put(name, envelope(`last ${name}`, name));
    await until('every consumer gets its last message', () => last.size === consumers, 20_000);
    const isSettled = async (): Promise<boolean> => {
      const places = await Promise.all(queues.map(({ name }) => placesOf(raw, name)));
      return places.every(({ ready, claimed }) => ready.length + claimed.length === 0);
    };
    await until('all is settled', isSettled, 20_000);
    ledger.assertNothingLost({ allowDuplicates: true, allowLostAcks: true });
  } finally {
    await Promise.all([consuming.close({ timeout: 2000 }), publishing.close({ timeout: 2000 })]);
    await proxy.close();
    await raw.close();
  }
}

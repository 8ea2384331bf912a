import { setTimeout } from 'node:timers/promises';
import type { ConnectionOptions, Producer } from '@kombu/core';
import { Connection, Queue } from '@kombu/core';
import type { Random } from '@kombu/core/spi';
import { Ledger, TcpProxy, seeded } from '@kombu/testing';
import { until } from './wait.ts';

export interface FaultScriptOptions {
  /** Where the broker is. */
  readonly url: string;
  readonly connection: ConnectionOptions;
  /** How long a fault acts, in milliseconds: some shorter than what finds it out, some longer. */
  pause(random: Random): number;
  /** Puts a message as a peer in Python does, past the faults. */
  put(queue: string, body: string): Promise<unknown>;
  /** Is nothing left of these queues? */
  isSettled(queues: readonly string[]): Promise<boolean>;
}

const recovery = { intervalStart: 5, intervalStep: 5, intervalMax: 50, jitter: false };
const logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Consumers and a publisher live through a random script of faults, also in the middle of recoveries. After the last one every
 * queue gets a message as Python puts it, and every consumer has to get it; of what was published nothing may be lost.
 */
export async function faultScript(options: FaultScriptOptions, seed: number, consumers = 10): Promise<void> {
  const random = seeded(seed);
  const { hostname, port } = new URL(options.url);
  const proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
  const connect = (): Connection => new Connection(proxy.url(options.url), { recovery, logger, ...options.connection });
  const [consuming, publishing] = [connect(), connect()];
  const ledger = new Ledger();
  const queues = Array.from({ length: consumers }, (_, index) => `q${index}`);
  const last = new Set<string>();
  try {
    for (const queue of queues) await consume(consuming, queue, ledger, last);
    const producer = publishing.producer();
    const publishes: Promise<unknown>[] = [];
    for (let round = 0; round < 3 + random() * 3; round++) {
      for (const queue of queues) publishes.push(publish(producer, queue, ledger));
      strike(proxy, random);
      await setTimeout(options.pause(random));
      if (random() < 0.7) await proxy.heal();
    }
    await proxy.heal();
    await Promise.all(publishes);
    for (const queue of queues) await options.put(queue, `last ${queue}`);
    await until('every consumer gets its last message', () => last.size === consumers, 20_000);
    await until('all is settled', () => options.isSettled(queues), 20_000);
    ledger.assertNothingLost({ allowDuplicates: true, allowLostAcks: true });
  } finally {
    await Promise.all([consuming.close({ timeout: 2000 }), publishing.close({ timeout: 2000 })]);
    await proxy.close();
  }
}

/** One random fault. */
function strike(proxy: TcpProxy, random: Random): void {
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
}

async function consume(connection: Connection, name: string, ledger: Ledger, last: Set<string>): Promise<void> {
  await connection.consume(
    new Queue<string>(name),
    async (body, message) => {
      if (body.startsWith('last ')) last.add(body);
      else ledger.delivered(body, message.deliveryInfo.redelivered);
      const outcome = await message.ack();
      if (!body.startsWith('last ')) ledger.settled(body, outcome);
    },
    { prefetch: 5 },
  );
}

function publish(producer: Producer, queue: string, ledger: Ledger): Promise<unknown> {
  const id = ledger.newId();
  const published = producer.publish(id, { routingKey: queue, timeout: 20_000 });
  return ledger.track(
    id,
    published.then(({ guarantee }) => guarantee),
  );
}

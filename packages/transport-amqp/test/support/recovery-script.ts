import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, Message } from '@kombu/core';
import { Queue } from '@kombu/core';
import { Ledger, TcpProxy, seeded } from '@kombu/testing';
import type { TestBroker } from './broker.ts';
import { eventually } from './eventually.ts';

/** Soon again, for tests that break links on purpose. */
export const quickRecovery = { intervalStart: 5, intervalStep: 20, intervalMax: 100 };

/** One random fault; what lasts is healed a little later, maybe after the next one. */
async function strike(proxy: TcpProxy, random: () => number): Promise<void> {
  const kind = Math.floor(random() * 6);
  if (kind === 0) proxy.reset();
  else if (kind === 1) {
    proxy.refuse();
    proxy.reset();
  } else if (kind === 2) proxy.connections[Math.floor(random() * proxy.connections.length)]?.reset();
  else if (kind === 3) {
    // Somewhere in the middle of what comes: a login, a declaration, a consumer, a message, an ack.
    proxy.reset();
    proxy.cutAfter(Math.floor(random() * 8000), random() < 0.5 ? 'upstream' : 'downstream');
  } else if (kind === 4) proxy.cutAfter(Math.floor(random() * 3000), random() < 0.5 ? 'upstream' : 'downstream', 'end');
  else {
    proxy.slice(1 + Math.floor(random() * 20), 0);
    proxy.connections[0]?.reset();
  }
  await sleep(random() * 60);
}

/**
 * Consumers live through a random script of faults, also in the middle of recoveries, while messages flow. After the last
 * fault every queue gets one more message, and every consumer has to get it; nothing that was confirmed may be lost.
 */
export async function recoveryScript(broker: TestBroker, seed: number, consumers: number): Promise<void> {
  const random = seeded(seed);
  const ledger = new Ledger();
  const proxy = await TcpProxy.listen({ target: broker.address });
  const connection = broker.connection({
    port: proxy.port,
    recovery: quickRecovery,
    connectTimeout: 1000,
    heartbeat: 1000,
  });
  const names = Array.from({ length: consumers }, (_, index) => `script-${seed}-${index}`);
  const last = new Set<string>();
  const handler = async (body: string, message: Message<string>): Promise<void> => {
    if (body.startsWith('last')) last.add(body);
    else ledger.delivered(body, message.deliveryInfo.redelivered);
    const outcome = await message.ack();
    if (!body.startsWith('last')) ledger.settled(body, outcome);
  };
  try {
    for (const name of names) await connection.consume(new Queue<string>(name), handler);
    const publishes: Promise<unknown>[] = [];
    const rounds = 3 + random() * 5;
    for (let round = 0; round < rounds; round++) {
      for (const name of names) if (random() < 0.4) publishes.push(publish(connection, ledger, name));
      await strike(proxy, random);
      if (random() < 0.6) await proxy.heal();
    }
    await proxy.heal();
    await Promise.all(publishes);
    const producer = connection.producer({ timeout: 30_000, retry: true });
    await Promise.all(names.map((name) => producer.publish(`last ${name}`, { routingKey: name, mandatory: true })));
    await eventually(`script ${seed}: the last message for each consumer`, () => last.size === consumers, 30_000);
    await eventually(`script ${seed}: health`, () => connection.health().healthy);
    ledger.assertNothingLost({ allowDuplicates: true, allowLostAcks: true });
    for (const name of names) await new Queue(name).delete(connection);
  } finally {
    await connection.close({ timeout: 2000 });
    await proxy.close();
  }
}

function publish(connection: Connection, ledger: Ledger, name: string): Promise<unknown> {
  const id = ledger.newId();
  const published = connection.producer({ timeout: 5000 }).publish(id, { routingKey: name });
  return ledger.track(
    id,
    published.then(({ guarantee }) => guarantee),
  );
}

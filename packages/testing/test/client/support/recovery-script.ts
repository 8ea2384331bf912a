import type { Message } from '@kombu/core';
import { Queue } from '@kombu/core';
import type { Random } from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';

import type { Fault } from '../../../src/fault/fault-script.ts';
import type { TransportMethod } from '../../../src/fault/faulty-connection.ts';
import { seeded } from '../../../src/fault/random.ts';
import { Ledger } from '../../../src/ledger.ts';
import { Bench } from './bench.ts';

/** Points of a recovery at which a link can break again. */
const breakable: readonly TransportMethod[] = [
  'openChannel',
  'declareQueue',
  'declareExchange',
  'bind',
  'consume',
  'ack',
];

/** One random fault: now, or at some point of the recovery that follows. */
async function strike(bench: Bench, random: Random): Promise<void> {
  const kind = Math.floor(random() * 7);
  if (kind === 0) await bench.network.drop();
  else if (kind === 1) {
    bench.network.refuse(1 + Math.floor(random() * 4));
    await bench.network.drop();
  } else if (kind === 2) {
    bench.network.hangConnect();
    await bench.network.drop();
  } else if (kind === 3) {
    const drop: Fault = async ({ next }) => {
      if (random() < 0.5) await next();
      await bench.network.drop();
      throw new ConnectionError('Injected fault: the link broke');
    };
    const method = breakable[Math.floor(random() * breakable.length)] as TransportMethod;
    bench.rules.push({ method, skip: Math.floor(random() * 30), times: 1, fault: drop });
    await bench.network.drop();
  } else if (kind === 4) {
    for (const channel of bench.broker.channels) if (random() < 0.3) channel.end(new Error('channel closed'));
  } else if (kind === 5) {
    const [name] = [...bench.broker.queues.keys()].filter(() => random() < 0.2);
    // Empty ones only, so that the books still balance.
    if (name !== undefined && bench.broker.ready(name).length === 0) bench.broker.deleteQueue(name);
  } else if (kind === 6) {
    const method = breakable[Math.floor(random() * breakable.length)] as TransportMethod;
    bench.rules.push({ method, skip: Math.floor(random() * 30), times: 1, fault: silence });
    await bench.network.drop();
  }
}

/**
 * 50 consumers live through a random script of faults, also in the middle of recoveries, while messages flow. After the last
 * fault every queue gets one more message, and every consumer has to get it, without restart and soon; nothing that was
 * confirmed may be lost.
 */
const silence: Fault = () => new Promise(() => {});

export async function recoveryScript(seed: number, consumers = 50): Promise<void> {
  const random = seeded(seed);
  const bench = new Bench();
  const ledger = new Ledger();
  const names = Array.from({ length: consumers }, (_, n) => `q${n}`);
  const last = new Set<string>();
  const connection = bench.connection({ random, connectTimeout: 1000 });
  const producer = connection.producer({ timeout: 5000 });
  const publish = (name: string): Promise<unknown> => {
    const id = ledger.newId();
    const published = producer.publish(id, { routingKey: name, declare: [new Queue(name)], mandatory: true });
    return ledger.track(
      id,
      published.then(({ guarantee }) => guarantee),
    );
  };
  const handler = async (body: string, message: Message<string>): Promise<void> => {
    if (body.startsWith('last')) last.add(body);
    else ledger.delivered(body, message.deliveryInfo.redelivered);
    const outcome = await message.ack();
    if (!body.startsWith('last')) ledger.settled(body, outcome);
  };
  // A channel for each, or now and then one for several.
  for (let next = 0; next < names.length;) {
    const count = random() < 0.2 ? 1 + Math.floor(random() * 10) : 1;
    await connection.consume(names.slice(next, next + count), handler);
    next += count;
  }
  const publishes: Promise<unknown>[] = [];
  for (let round = 0; round < 4 + random() * 6; round++) {
    for (const name of names) if (random() < 0.1) publishes.push(publish(name));
    await strike(bench, random);
    await bench.clock.advance(Math.floor(random() * 4000));
    if (random() < 0.5) bench.network.heal();
  }
  bench.rules.length = 0;
  bench.network.heal();
  await bench.within(60_000, Promise.all(publishes));
  for (const name of names) {
    publishes.push(producer.publish(`last ${name}`, { routingKey: name, declare: [new Queue(name)], timeout: 60_000 }));
  }
  // What is never answered is given up after 30 s.
  await bench.until(120_000, () => last.size === consumers);
  await bench.within(60_000, Promise.all(publishes));
  await bench.clock.advance(60_000);
  for (const name of names) expect([name, bench.broker.consumers(name).length]).toEqual([name, 1]);
  expect(connection.health()).toMatchObject({ healthy: true, state: 'ready' });
  ledger.assertNothingLost({ allowDuplicates: true, allowLostAcks: true });
  await bench.close();
}

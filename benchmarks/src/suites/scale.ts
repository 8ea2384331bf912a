import { AmqpBacklog } from '../backlogs/amqp-backlog.ts';
import type { Backlog } from '../backlogs/backlog.ts';
import { kombuLayout } from '../backlogs/kombu-layout.ts';
import { RedisBacklog } from '../backlogs/redis-backlog.ts';
import { small } from '../bodies.ts';
import type { Client } from '../client.ts';
import { AmqplibClient } from '../clients/amqplib.ts';
import { KombuClient } from '../clients/kombu.ts';
import type { Case, Suite } from '../suite.ts';
import { ClientContender } from '../work/client-contender.ts';
import { flow } from '../work/flow.ts';

/** A cost counts as flat up to so many times that of the smallest size. */
const flat = 1.25;

interface Broker {
  readonly name: string;
  readonly clients: readonly (() => Client)[];
  readonly backlog: (queues: number) => Backlog;
}

interface Size {
  readonly label: string;
  readonly queues: number;
  readonly inFlight: number;
}

const brokers: readonly Broker[] = [
  {
    name: 'amqp',
    clients: [() => new KombuClient(), () => new AmqplibClient({ noDelay: true })],
    backlog: (queues) => new AmqpBacklog(queues),
  },
  { name: 'redis', clients: [() => new KombuClient()], backlog: (queues) => new RedisBacklog(kombuLayout, queues) },
];

const manyQueues: readonly Size[] = [1, 10, 100, 1000].map((queues) => ({
  label: `${queues.toLocaleString('en')} queue${queues === 1 ? '' : 's'}`,
  queues,
  inFlight: 1000,
}));

const manyInFlight: readonly Size[] = [1, 10, 100, 1000, 10_000].map((inFlight) => ({
  label: `${inFlight.toLocaleString('en')} in flight`,
  queues: 1,
  inFlight,
}));

export const scale: Suite = {
  name: 'scale',
  about: 'the cost of a message with many queues, and with many messages in flight',
  *cases() {
    for (const broker of brokers) {
      yield growing(broker, manyQueues, '1000 in flight over many queues', '1 queue');
      // With fewer in flight there is less to put together in one piece.
      yield growing(broker, manyInFlight, 'many in flight', '100 in flight');
    }
  },
};

/** From `smallest` on, no size may cost more. */
function growing(
  { name: broker, clients, backlog }: Broker,
  sizes: readonly Size[],
  what: string,
  smallest: string,
): Case {
  const from = sizes.findIndex(({ label }) => label === smallest);
  return {
    title: `${broker}: publish, consume and ack, 100 B, ${what}`,
    unit: 'messages',
    contenders: clients.flatMap((make) =>
      sizes.map(({ label, queues, inFlight }) => {
        const client = make();
        const name = `${client.name}, ${label}`;
        return new ClientContender({ name, client, backlog: backlog(queues), body: small, work: flow(inFlight) });
      }),
    ),
    goals: sizes
      .slice(from + 1)
      .map(({ label }) => ({ contender: `@kombu, ${label}`, atMost: flat, timesTheCpuOf: `@kombu, ${smallest}` })),
  };
}

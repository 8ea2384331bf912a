import { randomUUID } from 'node:crypto';
import { AmqpBacklog } from '../backlogs/amqp-backlog.ts';
import type { Body } from '../bodies.ts';
import { large, small } from '../bodies.ts';
import type { AmqpOptions, Client } from '../client.ts';
import { ConnectionManagerClient } from '../clients/amqp-connection-manager.ts';
import { AmqplibClient } from '../clients/amqplib.ts';
import { KombuClient } from '../clients/kombu.ts';
import { RabbitmqClient } from '../clients/rabbitmq-client.ts';
import { PythonBroker } from '../contenders/python-broker.ts';
import type { Case, Suite } from '../suite.ts';
import type { Work } from '../work/client-contender.ts';
import { ClientContender } from '../work/client-contender.ts';
import { consume } from '../work/consume.ts';
import { latency } from '../work/latency.ts';
import { publish } from '../work/publish.ts';

export const amqp: Suite = {
  name: 'amqp',
  about: 'publish, consume and latency with RabbitMQ, beside amqplib and its peers',
  *cases() {
    yield publishing(small);
    yield consuming(small, 1.3);
    yield publishing(large);
    // At this size the bytes count, and not the acks.
    yield consuming(large, 1);
    yield oneInFlight(small);
  },
};

function contenders(body: Body, work: Work, options: AmqpOptions = {}): readonly ClientContender[] {
  const clients: readonly Client[] = [
    new AmqplibClient(options),
    new RabbitmqClient(options),
    new ConnectionManagerClient(options),
    new KombuClient(),
  ];
  return clients.map((client) => new ClientContender({ client, backlog: new AmqpBacklog(), body, work }));
}

/** What this library sends with each message costs the broker something: amqplib with as much of it. */
function sameProperties(): AmqplibClient {
  const properties = { contentEncoding: 'utf-8', deliveryMode: 1, priority: 0, messageId: randomUUID() };
  return new AmqplibClient({ name: 'amqplib, as many properties', properties });
}

function publishing(body: Body): Case {
  const work = publish(1000);
  return {
    title: `amqp: publish with confirms, ${body.label}, 1000 in flight`,
    unit: 'messages',
    contenders: [
      ...contenders(body, work),
      new ClientContender({ client: sameProperties(), backlog: new AmqpBacklog(), body, work }),
      new PythonBroker('publish-window', new AmqpBacklog(), body),
      new PythonBroker('publish', new AmqpBacklog(), body),
    ],
    goals: [
      { contender: '@kombu', atLeast: 0.95, timesAsFastAs: 'amqplib' },
      { contender: '@kombu', atMost: 1.25, timesTheCpuOf: 'amqplib' },
      { contender: '@kombu', atLeast: 1, timesAsFastAs: 'rabbitmq-client' },
      { contender: '@kombu', atLeast: 2.2, timesAsFastAs: 'py-amqp' },
    ],
  };
}

function consuming(body: Body, timesAmqplib: number): Case {
  return {
    title: `amqp: consume and ack each, ${body.label}, prefetch 100`,
    unit: 'messages',
    contenders: [...contenders(body, consume(100)), new PythonBroker('consume', new AmqpBacklog(), body)],
    goals: [
      { contender: '@kombu', atLeast: timesAmqplib, timesAsFastAs: 'amqplib' },
      { contender: '@kombu', atLeast: 2.5, timesAsFastAs: 'Python Kombu' },
    ],
  };
}

function oneInFlight(body: Body): Case {
  return {
    title: `amqp: from publish to the handler, ${body.label}, one in flight`,
    unit: 'messages',
    shows: 'time',
    contenders: [
      ...contenders(body, latency(), { noDelay: true }),
      new PythonBroker('latency', new AmqpBacklog(), body),
    ],
    goals: [{ contender: '@kombu', atMost: 1.15, timesTheTimeOf: 'amqplib' }],
  };
}

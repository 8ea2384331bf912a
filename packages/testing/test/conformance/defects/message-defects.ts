import type { Delivery, Envelope } from '@kombu/core/spi';
import type { Defect } from './plant.ts';
import { plant, without } from './plant.ts';

/** Changes each envelope on its way in. */
const onPublish = (change: (envelope: Envelope) => Envelope): Defect['transport'] =>
  plant({ channel: ({ channel }) => ({ publish: (envelope, route) => channel.publish(change(envelope), route) }) });

const flatten = (value: unknown): unknown => (typeof value === 'number' ? String(value) : value);

const withEnvelope =
  (change: (envelope: Envelope) => Partial<Envelope>) =>
  (delivery: Delivery): Delivery => ({
    ...delivery,
    envelope: { ...delivery.envelope, ...change(delivery.envelope) },
  });

/** Faults in what a message carries. */
export const messageDefects: readonly Defect[] = [
  {
    name: 'a first delivery is flagged as redelivered',
    caughtBy: 'messages/get',
    transport: plant({ delivery: (delivery) => ({ ...delivery, redelivered: true }) }),
  },
  {
    name: 'a delivery does not say for which consumer it is',
    caughtBy: 'messages/consume',
    transport: plant({ delivery: (delivery) => without(delivery, 'consumerTag') }),
  },
  {
    name: 'headers are lost',
    caughtBy: 'messages/headers',
    transport: onPublish((envelope) => ({ ...envelope, headers: {} })),
  },
  {
    name: 'numbers in headers become strings',
    caughtBy: 'messages/headers',
    transport: onPublish((envelope) => ({
      ...envelope,
      headers: Object.fromEntries(Object.entries(envelope.headers).map(([name, value]) => [name, flatten(value)])),
    })),
  },
  {
    name: 'headers that are null or false are dropped',
    caughtBy: 'messages/headers',
    transport: onPublish((envelope) => ({
      ...envelope,
      headers: Object.fromEntries(Object.entries(envelope.headers).filter(([, value]) => Boolean(value))),
    })),
  },
  {
    name: 'headers are merged into a plain object by assignment',
    caughtBy: 'messages/hostile-headers',
    transport: plant({
      delivery: withEnvelope(({ headers }) => {
        const copy: Record<string, unknown> = {};
        for (const [name, value] of Object.entries(headers)) copy[name] = value;
        // What a careless deep merge does.
        Object.setPrototypeOf(copy, { polluted: true });
        return { headers: copy };
      }),
    }),
  },
  {
    name: 'dates in headers become strings',
    caughtBy: 'messages/rich-headers',
    transport: plant({
      delivery: withEnvelope(({ headers }) => ({
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]),
        ),
      })),
    }),
  },
  {
    name: 'a message with an empty body is dropped',
    caughtBy: 'messages/bodies',
    transport: plant({
      channel: ({ channel }) => ({
        publish: async (envelope, route) =>
          envelope.body.length === 0 ? 'confirmed' : channel.publish(envelope, route),
      }),
    }),
  },
  {
    name: 'bodies take a detour through UTF-8',
    caughtBy: 'messages/bodies',
    transport: onPublish((envelope) => ({ ...envelope, body: Buffer.from(envelope.body.toString('utf8')) })),
  },
  {
    name: 'bodies are cut at 64 kB',
    caughtBy: 'messages/large-body',
    transport: onPublish((envelope) => ({ ...envelope, body: envelope.body.subarray(0, 65_536) })),
  },
  {
    name: 'the correlation id is lost',
    caughtBy: 'messages/properties',
    transport: onPublish((envelope) => ({ ...envelope, properties: without(envelope.properties, 'correlationId') })),
  },
  {
    name: 'an absent content type becomes a default',
    caughtBy: 'messages/content-type',
    transport: plant({
      delivery: withEnvelope(({ contentType }) => ({ contentType: contentType ?? 'application/data' })),
    }),
  },
  {
    name: 'publishing writes into the envelope',
    caughtBy: 'messages/leaves-envelope',
    transport: onPublish((envelope) => {
      envelope.properties['deliveryInfo'] = {};
      return envelope;
    }),
  },
  {
    name: 'all deliveries have the same tag',
    caughtBy: 'messages/delivery-tags',
    transport: plant({ delivery: (delivery) => ({ ...delivery, deliveryTag: 'tag' }) }),
  },
  {
    name: 'a confirmed publish says that it was only sent',
    caughtBy: 'messages/guarantee',
    transport: plant({
      channel: ({ channel }) => ({
        publish: async (envelope, route) => {
          await channel.publish(envelope, route);
          return 'sent';
        },
      }),
    }),
  },
  {
    name: 'a body over the limit is dropped in silence',
    caughtBy: 'messages/too-large',
    transport: plant({
      memory: { capabilities: { maxPayloadBytes: 100_000 } },
      channel: ({ channel }) => ({
        publish: (envelope, route) => channel.publish(envelope, route).catch(() => 'confirmed' as const),
      }),
    }),
  },
];

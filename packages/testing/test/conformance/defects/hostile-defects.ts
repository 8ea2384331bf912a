import type { Delivery } from '@kombu/core/spi';
import type { Defect } from './plant.ts';
import { plant } from './plant.ts';

const onUnreadable = (change: (delivery: Delivery) => Delivery): Defect['transport'] =>
  plant({ delivery: (delivery) => (delivery.error ? change(delivery) : delivery) });

const withBody = (delivery: Delivery, body: string): Delivery => ({
  ...delivery,
  envelope: { ...delivery.envelope, body: Buffer.from(body) },
});

/** Faults in the face of payloads that cannot be read. */
export const hostileDefects: readonly Defect[] = [
  {
    name: 'an unreadable payload is delivered without its bytes',
    caughtBy: 'hostile/no-envelope',
    transport: onUnreadable((delivery) => withBody(delivery, '')),
  },
  {
    name: 'an unreadable payload is delivered as text of its own',
    caughtBy: 'hostile/broken-envelope',
    transport: onUnreadable((delivery) => withBody(delivery, '[object Object]')),
  },
  {
    name: 'an unreadable payload ends the consumer',
    caughtBy: 'hostile/loop-lives',
    transport: plant({
      events: (events, site) => ({
        delivery: (delivery) => {
          if (delivery.error) void site().channel.cancel(delivery.consumerTag ?? '');
          events.delivery(delivery);
        },
      }),
    }),
  },
  {
    name: 'an unreadable payload that is given back is dropped',
    caughtBy: 'hostile/requeue',
    transport: plant({
      channel: ({ channel, delivered }) => ({
        reject: (tag, options) => (delivered.get(tag)?.error ? channel.ack(tag) : channel.reject(tag, options)),
      }),
    }),
  },
  {
    name: 'headers are merged by assignment',
    caughtBy: 'hostile/prototype',
    transport: plant({
      delivery: (delivery) => {
        const headers = Object.assign(Object.create({ polluted: true }), delivery.envelope.headers);
        return { ...delivery, envelope: { ...delivery.envelope, headers } };
      },
    }),
  },
];

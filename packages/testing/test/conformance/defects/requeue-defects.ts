import type { DeliveryTag, Envelope, TransportChannel } from '@kombu/core/spi';
import type { Defect, Site } from './plant.ts';
import { plant, releaseToTail, without } from './plant.ts';

/** Changes each rejection. */
const onReject = (
  change: (
    site: Site,
    tag: DeliveryTag,
    options: { readonly requeue: boolean; readonly delay?: number },
  ) => Promise<'ok' | 'lease-lost'>,
): Defect['transport'] => plant({ channel: (site) => ({ reject: (tag, options) => change(site, tag, options) }) });

const stripHeader = (name: string): Defect['transport'] =>
  plant({
    delivery: (delivery) => ({ ...delivery, envelope: withoutHeader(delivery.envelope, name) }),
  });

const withoutArgument = (name: string): Defect['transport'] =>
  plant({
    channel: ({ channel }) => ({
      declareQueue: (queue) => channel.declareQueue({ ...queue, arguments: without(queue.arguments, name) }),
    }),
  });

/** Faults in requeues, rejections and dead letters. */
export const requeueDefects: readonly Defect[] = [
  {
    name: 'a requeue goes through the exchange again',
    caughtBy: 'requeue/same-queue',
    transport: onReject(async ({ channel, delivered }, tag, options) => {
      const delivery = delivered.get(tag);
      if (!options.requeue || !delivery) return channel.reject(tag, options);
      const { exchange, routingKey, envelope } = delivery;
      await channel.publish(envelope, { exchange, routingKey, mandatory: false, confirm: true });
      return channel.ack(tag);
    }),
  },
  {
    name: 'the redelivered flag is lost',
    caughtBy: 'requeue/flagged',
    transport: plant({ delivery: (delivery) => ({ ...delivery, redelivered: false }) }),
  },
  {
    name: 'a requeue loses the compression header',
    caughtBy: 'requeue/unchanged',
    transport: plant({ delivery: loseCompression }),
  },
  {
    name: 'the delivery count is stuck',
    caughtBy: 'requeue/delivery-count',
    transport: plant({ delivery: (delivery) => ({ ...delivery, deliveryCount: delivery.redelivered ? 1 : 0 }) }),
  },
  {
    name: 'a requeue puts the message at the end',
    caughtBy: 'requeue/place',
    transport: plant({ store: releaseToTail }),
  },
  {
    name: 'requeues turn the order round',
    caughtBy: 'requeue/order',
    transport: plant({ store: releaseToTail }),
  },
  {
    name: 'a requeued message comes back to its old consumer only',
    caughtBy: 'requeue/other-consumer',
    transport: onReject(({ channel }, tag, options) =>
      options.requeue ? Promise.resolve('ok') : channel.reject(tag, options),
    ),
  },
  {
    name: 'the delay of a requeue is ignored',
    caughtBy: 'requeue/delay',
    transport: onReject(({ channel }, tag, { requeue }) => channel.reject(tag, { requeue })),
  },
  {
    name: 'a rejected message comes back',
    caughtBy: 'requeue/reject',
    transport: onReject(({ channel }, tag) => channel.reject(tag, { requeue: true })),
  },
  {
    name: 'an ack that races with a requeue hits both',
    caughtBy: 'requeue/concurrent',
    transport: onReject(({ channel }, tag, { requeue }) =>
      requeue ? channel.ack(tag) : channel.reject(tag, { requeue }),
    ),
  },
  {
    name: 'a rejected message is dropped instead of dead-lettered',
    caughtBy: 'dead-letter/rejected',
    transport: onReject(({ channel }, tag, options) =>
      options.requeue ? channel.reject(tag, options) : channel.ack(tag),
    ),
  },
  { name: 'a dead letter has no x-death', caughtBy: 'dead-letter/rejected', transport: stripHeader('x-death') },
  {
    name: 'x-dead-letter-routing-key is ignored',
    caughtBy: 'dead-letter/routing-key',
    transport: withoutArgument('x-dead-letter-routing-key'),
  },
  {
    name: 'an expired message is dropped instead of dead-lettered',
    caughtBy: 'dead-letter/expired',
    transport: plant({ channel: dropDeadLetters('expired') }),
  },
  {
    name: 'a message pushed out is dropped instead of dead-lettered',
    caughtBy: 'dead-letter/max-length',
    transport: plant({ channel: dropDeadLetters('maxlen') }),
  },
  { name: 'x-death starts anew each time', caughtBy: 'dead-letter/again', transport: plant({ channel: forgetDeaths }) },
  {
    name: 'a requeue leaves a dead letter',
    caughtBy: 'dead-letter/only-the-dead',
    transport: plant({ channel: buryRequeued }),
  },
];

function withoutHeader(envelope: Envelope, name: string): Envelope {
  return { ...envelope, headers: without(envelope.headers, name) };
}

function loseCompression<T extends { readonly redelivered: boolean; readonly envelope: Envelope }>(delivery: T): T {
  if (!delivery.redelivered) return delivery;
  return { ...delivery, envelope: withoutHeader(delivery.envelope, 'compression') };
}

/** A dead letter of this reason never reaches anybody. */
function dropDeadLetters(reason: string): (site: Site) => Partial<TransportChannel> {
  return ({ channel }) => ({
    get: async (queue, options) => {
      const got = await channel.get(queue, options);
      if (got?.envelope.headers['x-first-death-reason'] !== reason) return got;
      if (!options.noAck) await channel.ack(got.deliveryTag);
      return undefined;
    },
  });
}

function forgetDeaths({ channel }: Site): Partial<TransportChannel> {
  return {
    publish: (envelope, route) => channel.publish(withoutHeader(envelope, 'x-death'), route),
  };
}

function buryRequeued({ channel, delivered }: Site): Partial<TransportChannel> {
  const graves = new Map<string, string>();
  return {
    declareQueue: (queue) => {
      graves.set(queue.name, String(queue.arguments['x-dead-letter-routing-key']));
      return channel.declareQueue(queue);
    },
    reject: async (tag, options) => {
      const delivery = delivered.get(tag);
      const grave = graves.get(delivery?.routingKey ?? '');
      if (delivery && grave !== undefined) {
        await channel.publish(delivery.envelope, { exchange: '', routingKey: grave, mandatory: false, confirm: true });
      }
      return channel.reject(tag, options);
    },
  };
}

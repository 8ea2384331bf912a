import type { PublishWaiter, TransportChannel } from '@kombu/core/spi';
import type { Defect, Site } from './plant.ts';
import { passAlarm, plant } from './plant.ts';

type PublishFor = NonNullable<TransportChannel['publishFor']>;

const onPublishFor = (change: (publishFor: PublishFor, site: Site) => PublishFor): Defect['transport'] =>
  plant({
    channel: (site) => {
      const { channel } = site;
      const original: PublishFor = (envelope, route, waiter) => channel.publishFor?.(envelope, route, waiter);
      return { publishFor: change(original, site) };
    },
  });

/** Faults in publishing for a waiter, and in what happens while the broker takes no publishes. */
export const publishDefects: readonly Defect[] = [
  {
    name: 'a waiter hears that an unroutable message was published',
    caughtBy: 'publish-for/outcomes',
    transport: onPublishFor(
      (publishFor) => (envelope, route, waiter) => publishFor(envelope, { ...route, mandatory: false }, waiter),
    ),
  },
  {
    name: 'a waiter hears of a weaker guarantee',
    caughtBy: 'publish-for/outcomes',
    transport: onPublishFor(
      (publishFor) => (envelope, route, waiter) =>
        publishFor(envelope, route, {
          failed: (error) => waiter.failed(error),
          published: () => waiter.published('sent'),
        }),
    ),
  },
  {
    name: 'publishFor is overtaken by publish',
    caughtBy: 'publish-for/order',
    transport: onPublishFor(
      (publishFor) => (envelope, route, waiter) => queueMicrotask(() => publishFor(envelope, route, waiter)),
    ),
  },
  {
    name: 'a waiter is told twice',
    caughtBy: 'publish-for/once',
    transport: onPublishFor((publishFor) => (envelope, route, waiter) => publishFor(envelope, route, twice(waiter))),
  },
  {
    name: 'a waiter is not told that the channel is closed',
    caughtBy: 'publish-for/once',
    transport: onPublishFor(
      (publishFor) => (envelope, route, waiter) =>
        publishFor(envelope, route, { published: (guarantee) => waiter.published(guarantee), failed: () => undefined }),
    ),
  },
  {
    name: 'a blocked broker says nothing',
    caughtBy: 'flow/blocked',
    transport: plant({ events: () => ({ flow: () => undefined }) }),
  },
  {
    name: 'the end of an alarm is not told',
    caughtBy: 'flow/blocked',
    transport: plant({ events: (events) => ({ flow: (blocked) => (blocked ? events.flow(true) : undefined) }) }),
  },
  {
    name: 'what is published while the broker is blocked is dropped',
    caughtBy: 'flow/blocked',
    transport: plant({
      channel: ({ channel }) => ({
        publish: async (envelope, route) =>
          envelope.body.toString().startsWith('late') ? 'confirmed' : channel.publish(envelope, route),
      }),
    }),
  },
  {
    name: 'acks wait for the end of an alarm too',
    caughtBy: 'flow/blocked',
    transport: plant({
      channel: ({ channel }) => ({
        ack: async (tag, options) => {
          await passAlarm();
          return channel.ack(tag, options);
        },
      }),
    }),
  },
  {
    name: 'close waits for the end of an alarm',
    caughtBy: 'flow/close',
    transport: plant({
      connection: (connection) => ({
        close: async () => {
          await passAlarm();
          await connection.close();
        },
      }),
    }),
  },
];

function twice(waiter: PublishWaiter): PublishWaiter {
  return {
    published: (guarantee) => {
      waiter.published(guarantee);
      waiter.published(guarantee);
    },
    failed: (error) => waiter.failed(error),
  };
}

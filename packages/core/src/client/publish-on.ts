import type { Channel } from './channel.ts';
import { channelOf } from './channel-of.ts';
import type { Place } from './host.ts';
import { Producer } from './producer.ts';
import type { PublishOptions, PublishResult } from './publish-options.ts';

const producers = new WeakMap<Channel, Producer>();

/** Publishes through the one producer that a channel keeps for single messages. */
export function publishOn<T>(place: Place, body: T, options: PublishOptions<T>): Promise<PublishResult> {
  const channel = channelOf(place);
  let producer = producers.get(channel);
  if (!producer) producers.set(channel, (producer = new Producer(channel)));
  return producer.publish(body, options);
}

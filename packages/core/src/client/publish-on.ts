import type { Place } from './host.ts';
import { Producer } from './producer.ts';
import type { PublishOptions, PublishResult } from './publish-options.ts';

const producers = new WeakMap<Place, Producer>();

/** Publishes through the one producer that a place keeps for single messages. */
export function publishOn<T>(place: Place, body: T, options: PublishOptions<T>): Promise<PublishResult> {
  let producer = producers.get(place);
  if (!producer) producers.set(place, (producer = new Producer(place)));
  return producer.publish(body, options);
}

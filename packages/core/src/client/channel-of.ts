import { Channel } from './channel.ts';
import type { Place } from './host.ts';

/** The channel a place stands for: itself, or the default channel of a connection. */
export function channelOf(place: Place): Channel {
  return place instanceof Channel ? place : (place.internals.defaultChannel() as Channel);
}

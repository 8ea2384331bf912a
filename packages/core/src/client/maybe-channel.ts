import { InvalidArgumentError } from '../errors.ts';
import { Channel } from './channel.ts';
import { Connection } from './connection.ts';

/** Is this value a connection? */
export function isConnection(value: unknown): value is Connection {
  return value instanceof Connection;
}

/** A channel as it is; of a connection its default channel. Kombu's `maybe_channel`. */
export function maybeChannel(place: Connection | Channel): Channel {
  if (place instanceof Channel) return place;
  if (place instanceof Connection) return place.defaultChannel;
  throw new InvalidArgumentError('Neither a connection nor a channel');
}

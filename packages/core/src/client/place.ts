import { NotBoundError } from '../errors.ts';
import type { Place } from './host.ts';

/** The place an operation runs on: the one given, else the one the entity is bound to. Throws NotBoundError. */
export function placeOf(given: Place | undefined, bound: Place | undefined, operation: string, entity: string): Place {
  const place = given ?? bound;
  if (!place) {
    throw new NotBoundError(
      `Can't call ${operation} on ${entity} not bound to a channel: pass a connection or a channel, or use the copy that bind() returns`,
    );
  }
  return place;
}

/** Drops undefined values and empty objects, so that the JSON form of an entity shows only what was set. */
export function compact(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => {
      if (value === undefined) return false;
      return !(typeof value === 'object' && value !== null && Object.keys(value).length === 0);
    }),
  );
}

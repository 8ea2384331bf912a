import type { WaitOptions } from '../reliability/deadline.ts';
import type { Exchange } from './exchange.ts';
import type { Host, Place } from './host.ts';
import type { Queue } from './queue.ts';

/**
 * Declares an entity once per connection; resolves to false when that was done before. What goes away by itself
 * (auto-delete, expiring) is declared each time, as in Kombu.
 */
export async function maybeDeclare(entity: Exchange | Queue, place: Place, wait: WaitOptions = {}): Promise<boolean> {
  const owner = place.internals;
  if (isDeclared([entity], owner)) return false;
  await entity.declare(place, wait);
  if (!goesByItself(entity)) owner.control.declared.add(entity.declarationKey);
  return true;
}

/** Is there nothing left to declare? */
export function isDeclared(entities: readonly (Exchange | Queue)[], owner: Host): boolean {
  for (const entity of entities) {
    if (entity.noDeclare) continue;
    if (!owner.control.declared.has(entity.declarationKey)) return false;
  }
  return true;
}

function goesByItself(entity: Exchange | Queue): boolean {
  return entity.autoDelete || 'x-expires' in entity.declaration().arguments;
}

import type { BindingDeclaration } from '../spi/declarations.ts';
import type { Headers } from '../spi/envelope.ts';
import { canonicalText } from './canonical-text.ts';
import { bindingIndex, type BindingIndex } from './exchange-types.ts';
import { SmallSet } from './small-set.ts';

/** Where a binding leads. */
export type Destination = Pick<BindingDeclaration, 'destination' | 'destinationType'>;

interface Entry {
  readonly id: string;
  readonly binding: BindingDeclaration;
  readonly target: Target;
}

/** One destination with all bindings that lead there. */
interface Target extends Destination {
  readonly entries: SmallSet<Entry>;
  /** The matching that met it last, so that it is found once only. */
  round: number;
}

/** What a replacement changed. */
export interface BindingChanges {
  readonly added: readonly BindingDeclaration[];
  readonly removed: readonly BindingDeclaration[];
}

/**
 * The bindings of one exchange. Two bindings are the same when destination, its type, routing key and arguments are (values of
 * arguments compared in depth); the `exchange` of a binding is not looked at.
 */
export class BindingTable {
  readonly type: string;
  readonly #index: BindingIndex<Entry>;
  readonly #entries = new Map<string, Entry>();
  readonly #targets = { queue: new Map<string, Target>(), exchange: new Map<string, Target>() };
  #round = 0;

  /** @throws UnsupportedError when `type` is none of `direct`, `topic`, `fanout` and `headers`. */
  constructor(type: string) {
    this.type = type;
    this.#index = bindingIndex(type);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** In the order in which they were added. */
  *[Symbol.iterator](): IterableIterator<BindingDeclaration> {
    for (const { binding } of this.#entries.values()) yield binding;
  }

  /** False when it was there already. */
  add(binding: BindingDeclaration): boolean {
    return this.#insert(bindingId(binding), binding);
  }

  /** False when it was not there. */
  remove(binding: BindingDeclaration): boolean {
    const entry = this.#entries.get(bindingId(binding));
    if (entry) this.#delete(entry);
    return entry !== undefined;
  }

  /** Makes `bindings` the whole content, beside what `keeps` says yes to. What stays is not built again. */
  replace(
    bindings: Iterable<BindingDeclaration>,
    keeps: (binding: BindingDeclaration) => boolean = keepsNone,
  ): BindingChanges {
    // All ids come first: one that cannot be made must leave the table as it was.
    const wanted = new Map(Array.from(bindings, (binding) => [bindingId(binding), binding]));
    const stale = [...this.#entries.values()].filter(({ id, binding }) => !wanted.has(id) && !keeps(binding));
    for (const entry of stale) this.#delete(entry);
    const added: BindingDeclaration[] = [];
    for (const [id, binding] of wanted) if (this.#insert(id, binding)) added.push(binding);
    return { added, removed: stale.map(({ binding }) => binding) };
  }

  /** Removes and returns all bindings that lead there. */
  removeDestination(name: string, type: Destination['destinationType']): BindingDeclaration[] {
    const entries: Entry[] = [];
    this.#targets[type].get(name)?.entries.appendTo(entries);
    for (const entry of entries) this.#delete(entry);
    return entries.map(({ binding }) => binding);
  }

  /** The exchanges to which its bindings lead. */
  get exchanges(): Iterable<string> {
    return this.#targets.exchange.keys();
  }

  /** Does any binding lead there? */
  hasDestination(name: string, type: Destination['destinationType']): boolean {
    return this.#targets[type].has(name);
  }

  /** The destinations of a message, each once, in no particular order. */
  match(routingKey: string, headers: Headers): Destination[] {
    const round = ++this.#round;
    const found: Destination[] = [];
    for (const { target } of this.#index.match(routingKey, headers)) {
      if (target.round === round) continue;
      target.round = round;
      found.push(target);
    }
    return found;
  }

  #insert(id: string, binding: BindingDeclaration): boolean {
    if (this.#entries.has(id)) return false;
    const target = this.#target(binding);
    const entry: Entry = { id, binding, target };
    this.#entries.set(id, entry);
    target.entries.add(entry);
    this.#index.add(entry);
    return true;
  }

  #delete(entry: Entry): void {
    const { target } = entry;
    this.#index.remove(entry);
    this.#entries.delete(entry.id);
    target.entries.delete(entry);
    if (target.entries.size === 0) this.#targets[target.destinationType].delete(target.destination);
  }

  #target({ destination, destinationType }: Destination): Target {
    const targets = this.#targets[destinationType];
    let target = targets.get(destination);
    if (!target)
      targets.set(destination, (target = { destination, destinationType, entries: new SmallSet(), round: 0 }));
    return target;
  }
}

function keepsNone(): boolean {
  return false;
}

/** The lengths keep names that contain the separator apart. */
function bindingId({ destination, destinationType, routingKey, arguments: args }: BindingDeclaration): string {
  return `${destinationType}:${destination.length}:${destination}${routingKey.length}:${routingKey}${canonicalText(args)}`;
}

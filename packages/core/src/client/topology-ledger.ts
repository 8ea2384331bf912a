import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration } from '../spi/declarations.ts';
import type { TransportChannel } from '../spi/transport.ts';

/** One thing that was declared and is to be there again after each reconnect. */
export type TopologyEntry =
  | { readonly kind: 'exchange'; readonly declaration: ExchangeDeclaration }
  | { readonly kind: 'queue'; readonly declaration: QueueDeclaration }
  | { readonly kind: 'binding'; readonly declaration: BindingDeclaration };

/** Says which entry an entry replaces: the kind and the name, and for a binding all of it. */
export function entryKey(entry: TopologyEntry): string {
  if (entry.kind !== 'binding') return `${entry.kind} ${entry.declaration.name}`;
  const { exchange, destination, destinationType, routingKey, arguments: args } = entry.declaration;
  return `binding ${JSON.stringify([exchange, destinationType, destination, routingKey, args])}`;
}

const order = { exchange: 0, queue: 1, binding: 2 } as const;

/**
 * The declared state of a connection: what its user declared and did not delete. Recovery converges each new link on it,
 * exchanges first, then queues, then bindings.
 */
export class TopologyLedger {
  readonly #entries = new Map<string, TopologyEntry>();

  record(entry: TopologyEntry): void {
    this.#entries.set(entryKey(entry), entry);
  }

  forget(entry: TopologyEntry): void {
    this.#entries.delete(entryKey(entry));
  }

  forgetExchange(name: string): void {
    this.#drop((entry) =>
      entry.kind === 'binding'
        ? entry.declaration.exchange === name ||
          (entry.declaration.destinationType === 'exchange' && entry.declaration.destination === name)
        : entry.kind === 'exchange' && entry.declaration.name === name,
    );
  }

  forgetQueue(name: string): void {
    this.#drop((entry) =>
      entry.kind === 'binding'
        ? entry.declaration.destinationType === 'queue' && entry.declaration.destination === name
        : entry.kind === 'queue' && entry.declaration.name === name,
    );
  }

  queue(name: string): QueueDeclaration | undefined {
    const entry = this.#entries.get(`queue ${name}`);
    return entry?.kind === 'queue' ? entry.declaration : undefined;
  }

  /** All entries in the order in which they have to be declared. */
  entries(): TopologyEntry[] {
    return [...this.#entries.values()].toSorted((one, other) => order[one.kind] - order[other.kind]);
  }

  /** The entries that a queue needs: itself, its bindings and their exchanges. */
  entriesOf(queue: string): TopologyEntry[] {
    const bindings = this.entries().filter(
      (entry) =>
        entry.kind === 'binding' &&
        entry.declaration.destinationType === 'queue' &&
        entry.declaration.destination === queue,
    );
    const sources = new Set(bindings.map((entry) => (entry.kind === 'binding' ? entry.declaration.exchange : '')));
    return this.entries().filter(
      (entry) =>
        bindings.includes(entry) ||
        (entry.kind === 'queue' && entry.declaration.name === queue) ||
        (entry.kind === 'exchange' && sources.has(entry.declaration.name)),
    );
  }

  #drop(isGone: (entry: TopologyEntry) => boolean): void {
    for (const [key, entry] of this.#entries) if (isGone(entry)) this.#entries.delete(key);
  }
}

/** Declares one entry on a channel. */
export async function declareEntry(entry: TopologyEntry, channel: TransportChannel): Promise<void> {
  if (entry.kind === 'exchange') await channel.declareExchange(entry.declaration);
  else if (entry.kind === 'queue') await channel.declareQueue(entry.declaration);
  else await channel.bind(entry.declaration);
}

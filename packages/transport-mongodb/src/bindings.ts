import type { BindingDeclaration, BindingStore } from '@kombu/core/spi';
import { fromKombuBinding, isKombuBinding, toKombuBinding } from '@kombu/core/spi';
import type { Collection, Filter } from 'mongodb';
import type { RoutingDocument } from './documents.ts';

type Row = Pick<RoutingDocument, 'queue' | 'routing_key'>;

/** More exchanges than this are not remembered. */
const rememberedTables = 1000;

export interface BindingsParts {
  readonly routing: Collection<RoutingDocument>;
  /** When the bindings of a queue go, with the option `ttl`; undefined without. */
  readonly expireAt: (queue: string) => Promise<Date | null | undefined>;
  readonly bound: (exchange: string, queue: string, exchangeType: string) => void;
  readonly unbound: (exchange: string, queue: string) => void;
}

/**
 * The bindings of all processes, Python's included. Python processes that listen to a fanout exchange bind queues which nobody
 * reads, so that of these only the ones are fed that were bound here.
 */
export class MongoBindings implements BindingStore {
  readonly #parts: BindingsParts;
  readonly #tables = new Map<string, { readonly text: string; readonly bindings: readonly BindingDeclaration[] }>();

  constructor(parts: BindingsParts) {
    this.#parts = parts;
  }

  carries(binding: BindingDeclaration): boolean {
    return isKombuBinding(binding);
  }

  async add(binding: BindingDeclaration, exchangeType: string): Promise<void> {
    const { routing, expireAt, bound } = this.#parts;
    const [routing_key, pattern, queue] = toKombuBinding(binding, exchangeType);
    const { exchange } = binding;
    const row = { exchange, queue, routing_key, pattern: pattern === '' ? null : pattern };
    const expire_at = await expireAt(queue);
    const more = {
      ...(expire_at === undefined ? {} : { expire_at }),
      ...(exchangeType === 'fanout' ? { fed: true } : {}),
    };
    await routing.updateOne(row, { $set: { ...row, ...more } }, { upsert: true });
    bound(exchange, queue, exchangeType);
  }

  async remove({ exchange, destination: queue, routingKey: routing_key }: BindingDeclaration): Promise<void> {
    await this.#parts.routing.deleteMany({ exchange, queue, routing_key });
    this.#parts.unbound(exchange, queue);
  }

  async list(exchange: string, exchangeType: string | undefined): Promise<readonly BindingDeclaration[]> {
    const filter: Filter<RoutingDocument> = exchangeType === 'fanout' ? { exchange, fed: true } : { exchange };
    const rows = await this.#parts.routing
      .find(filter, { projection: { _id: 0, queue: 1, routing_key: 1, expire_at: 1 } })
      .toArray();
    const text = JSON.stringify([exchangeType, rows.map(({ queue, routing_key }) => [routing_key, queue])]);
    const known = this.#tables.get(exchange);
    if (known?.text === text) return known.bindings;
    const bindings = rows.filter(isRow).map(({ queue, routing_key }) => {
      return fromKombuBinding(exchange, [routing_key, '', queue]);
    });
    if (this.#tables.size >= rememberedTables) this.#tables.clear();
    this.#tables.set(exchange, { text, bindings });
    return bindings;
  }

  async removeQueue(queue: string): Promise<void> {
    await this.#parts.routing.deleteMany({ queue });
  }
}

/** Whatever stands in a collection, somebody else may have written it. */
function isRow({ queue, routing_key }: Row): boolean {
  return typeof queue === 'string' && typeof routing_key === 'string';
}

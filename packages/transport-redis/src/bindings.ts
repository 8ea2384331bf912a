import type { BindingDeclaration, BindingStore, Clock, Logger } from '@kombu/core/spi';
import { TopicTrie } from '@kombu/core/spi';
import { allArrived } from './all-arrived.ts';
import {
  fitsJson,
  fitsKombu,
  kombuRow,
  kombuRows,
  ownRow,
  readKombuRow,
  readOwnRow,
  type KombuRow,
} from './binding-rows.ts';
import { BindingTable, type TableTexts } from './binding-table.ts';
import type { Broadcasts } from './broadcasts.ts';
import type { KeyTracker } from './key-tracker.ts';
import type { Keys } from './keys.ts';
import type { QueueLeases } from './queue-leases.ts';
import { fanoutRows, hold } from './scripts/hold.ts';
import type { Servers } from './servers/servers.ts';

export interface BindingsParts {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly tracker: KeyTracker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sep: string;
  readonly leases: QueueLeases;
  readonly broadcasts: Broadcasts;
  /** Fanout exchanges put no copies into queues. */
  readonly isEphemeral: boolean;
}

/** More exchanges than this are not remembered. */
const rememberedTables = 1000;

/**
 * The bindings of all processes, Python's included: in Kombu's tables, and in tables of our own what those cannot hold. The
 * queues of a fanout exchange are in a table of our own too, because Python processes that listen to the exchange bind queues
 * which nobody reads. What was read is kept until the server tells of a change, so that publishing asks nothing.
 */
export class RedisBindings implements BindingStore {
  readonly #parts: BindingsParts;
  readonly #tables = new Map<string, BindingTable>();
  /** What was bound here, by exchange and row. */
  readonly #made = new Map<string, Map<string, readonly [BindingDeclaration, string]>>();

  constructor(parts: BindingsParts) {
    this.#parts = parts;
  }

  /** Arguments such as dates, which JSON does not hold, have no place here. */
  carries(binding: BindingDeclaration): boolean {
    return fitsKombu(binding, this.#parts.sep) || fitsJson(binding);
  }

  async add(binding: BindingDeclaration, exchangeType: string): Promise<void> {
    const { servers, keys, leases, broadcasts, isEphemeral } = this.#parts;
    const { exchange, destination, destinationType } = binding;
    const writes: Promise<unknown>[] = [];
    if (fitsKombu(binding, this.#parts.sep)) writes.push(this.#addToKombu(binding, exchangeType));
    else writes.push(this.#command('SADD', keys.ownBindings(exchange), ownRow(binding)));
    if (destinationType === 'queue') {
      writes.push(this.#command('SADD', keys.boundExchanges(destination), exchange));
      if (exchangeType === 'fanout') {
        const [row, key] = [ownRow(binding), keys.fanoutBindings(exchange)];
        writes.push(broadcasts.bound(exchange, destination, row));
        if (!isEphemeral) {
          leases.bound(destination, key, row);
          writes.push(servers.run(hold, [key], [leases.feedTime(destination), row]));
        }
      }
    }
    await Promise.all(writes);
    const made = this.#made.get(exchange) ?? new Map<string, readonly [BindingDeclaration, string]>();
    this.#made.set(exchange, made.set(ownRow(binding), [binding, exchangeType]));
    this.#tables.get(exchange)?.changed();
  }

  async remove(binding: BindingDeclaration): Promise<void> {
    const { keys, leases, broadcasts, sep } = this.#parts;
    const { exchange, destination } = binding;
    const row = ownRow(binding);
    this.#made.get(exchange)?.delete(row);
    leases.unbound(destination, keys.fanoutBindings(exchange), row);
    const rows = fitsKombu(binding, sep) ? kombuRows(binding, sep) : [];
    await Promise.all([
      broadcasts.unbound(exchange, destination, row),
      this.#command('ZREM', keys.fanoutBindings(exchange), row),
      ...(rows.length > 0
        ? [
            this.#command('SREM', keys.bindings(exchange), ...rows),
            this.#command('SREM', keys.permanentBindings(exchange), ...rows),
          ]
        : [this.#command('SREM', keys.ownBindings(exchange), row)]),
    ]);
    this.#tables.get(exchange)?.changed();
  }

  async list(exchange: string, exchangeType: string | undefined): Promise<readonly BindingDeclaration[]> {
    const table = this.#table(exchange);
    // News of a change that somebody told us of may be waiting at another socket: all that has arrived is read first.
    if (table.isFresh(exchangeType)) await allArrived();
    if (!table.isFresh(exchangeType)) {
      const { version } = table;
      const texts = await this.#read(exchange, exchangeType);
      table.learn(version, exchangeType, texts, () => this.#decode(exchange, texts));
    }
    return table.bindings;
  }

  async removeQueue(queue: string): Promise<void> {
    const { servers, keys } = this.#parts;
    const key = keys.boundExchanges(queue);
    const bound = (await servers.call({ name: 'SMEMBERS', key, args: [key] })) as readonly string[];
    const known = [...this.#tables].filter(([, table]) => table.leadsTo(queue)).map(([exchange]) => exchange);
    for (const exchange of new Set([...bound, ...known])) await this.#removeFrom(exchange, queue);
    if (bound.length > 0) await this.#command('DEL', key);
    // Others may have removed the rows before: they are not to be brought back.
    for (const made of this.#made.values()) {
      for (const [row, [{ destination, destinationType }]] of made) {
        if (destination === queue && destinationType === 'queue') made.delete(row);
      }
    }
  }

  /** The keys may have been removed by somebody who flushed the database: what was bound here is bound again. Never rejects. */
  async bringBack(): Promise<void> {
    const { keys, servers, logger } = this.#parts;
    try {
      for (const [exchange, made] of this.#made) {
        const tables = [keys.bindings(exchange), keys.ownBindings(exchange)];
        const exist = await Promise.all(tables.map((key) => servers.call({ name: 'EXISTS', key, args: [key] })));
        // Another database was flushed, or somebody was faster.
        if (exist.some(Number)) continue;
        for (const [binding, exchangeType] of made.values()) await this.add(binding, exchangeType);
      }
    } catch (error) {
      logger.warn('Redis was flushed, and the bindings of this process could not be made again', { error });
    }
  }

  /** The queues to which Kombu would restore a message, by AMQP's rule for patterns. */
  async queuesOf(exchange: string, routingKey: string): Promise<readonly string[]> {
    const key = this.#parts.keys.bindings(exchange);
    const texts = (await this.#parts.servers.call({ name: 'SMEMBERS', key, args: [key] })) as readonly string[];
    const patterns = new TopicTrie<string>();
    const queues = new Set<string>();
    for (const row of this.#kombuRows(texts)) {
      if (row.pattern !== '') patterns.add(row.routingKey, row.queue);
      else if (row.routingKey === routingKey) queues.add(row.queue);
    }
    for (const queue of patterns.match(routingKey)) queues.add(queue);
    return [...queues];
  }

  async #addToKombu(binding: BindingDeclaration, exchangeType: string): Promise<void> {
    const { keys, leases, sep } = this.#parts;
    const { exchange, destination } = binding;
    const row = kombuRow(binding, exchangeType, sep);
    const table = this.#command('SADD', keys.bindings(exchange), row);
    // Kombu 5.7 keeps the table of queues that expire only as long as somebody says so, unless other queues are bound too.
    const kept =
      leases.timeToLive(destination) !== undefined
        ? leases.keepTable(exchange, destination)
        : this.#command('SADD', keys.permanentBindings(exchange), row);
    await Promise.all([table, kept]);
  }

  async #read(exchange: string, exchangeType: string | undefined): Promise<TableTexts> {
    const { servers, keys } = this.#parts;
    const members = (key: string): Promise<unknown> => servers.call({ name: 'SMEMBERS', key, args: [key] });
    const isFanout = exchangeType === 'fanout';
    const isFed = isFanout && !this.#parts.isEphemeral;
    const [kombu, own, fanout] = await Promise.all([
      isFanout ? [] : members(keys.bindings(exchange)),
      members(keys.ownBindings(exchange)),
      isFed ? servers.run(fanoutRows, [keys.fanoutBindings(exchange)], []) : [-1],
    ]);
    const [endsIn, ...rows] = fanout as [number, ...string[]];
    return {
      kombu: (kombu as string[]).toSorted(),
      own: [...(own as string[]), ...rows].toSorted(),
      endsIn: endsIn === -1 ? Infinity : endsIn,
    };
  }

  #decode(exchange: string, { kombu, own }: TableTexts): readonly BindingDeclaration[] {
    const found = new Map<string, BindingDeclaration>();
    for (const { routingKey, queue } of this.#kombuRows(kombu)) {
      const destinationType = 'queue';
      const binding: BindingDeclaration = { exchange, destination: queue, destinationType, routingKey, arguments: {} };
      found.set(ownRow(binding), binding);
    }
    for (const text of own) {
      const binding = readOwnRow(exchange, text);
      if (binding) found.set(text, binding);
    }
    return [...found.values()];
  }

  #kombuRows(texts: readonly string[]): readonly KombuRow[] {
    return texts.map((text) => readKombuRow(text, this.#parts.sep)).filter((row) => row !== undefined);
  }

  async #removeFrom(exchange: string, queue: string): Promise<void> {
    for (const type of ['direct', 'fanout']) {
      const texts = await this.#read(exchange, type);
      const leading = this.#decode(exchange, texts).filter(
        ({ destination, destinationType }) => destination === queue && destinationType === 'queue',
      );
      for (const binding of leading) await this.remove(binding);
    }
  }

  #table(exchange: string): BindingTable {
    const { tracker, servers, clock } = this.#parts;
    let table = this.#tables.get(exchange);
    if (table) return table;
    if (this.#tables.size >= rememberedTables) this.#forgetTables();
    table = new BindingTable(clock, servers.tracks);
    tracker.watch(this.#watched(exchange), table);
    this.#tables.set(exchange, table);
    return table;
  }

  #forgetTables(): void {
    for (const exchange of this.#tables.keys()) this.#parts.tracker.unwatch(this.#watched(exchange));
    this.#tables.clear();
  }

  #watched(exchange: string): readonly string[] {
    const { keys } = this.#parts;
    return [keys.bindings(exchange), keys.ownBindings(exchange), keys.fanoutBindings(exchange)];
  }

  #command(name: string, key: string, ...args: readonly string[]): Promise<unknown> {
    return this.#parts.servers.call({ name, key, args: [key, ...args] });
  }
}

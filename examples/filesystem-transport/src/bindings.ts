import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Arguments, BindingDeclaration, BindingStore, Clock } from '@kombu/core/spi';
import { KombuError, UnsupportedError, kombuTopicPattern } from '@kombu/core/spi';
import { pause, readText, unless, writeWhole } from './files.ts';
import { escapeName } from './message-file.ts';

/** The columns of Kombu's tables, and two for what Kombu cannot say. */
type Row = readonly [
  routingKey: string,
  pattern: string,
  destination: string,
  destinationType?: BindingDeclaration['destinationType'],
  args?: Arguments,
];

/** An exchange has Kombu's table, and one beside it for the rows that Kombu would not understand. */
const kombuTable = '.exchange';
const ownTable = '.bindings';

/** A change takes milliseconds: an older lock is of a process that died. */
const staleLockMs = 10_000;

/** Bindings as JSON files, one row for each, the newest first. */
export class FileBindings implements BindingStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly text: string; readonly bindings: readonly BindingDeclaration[] }>();

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  async add(binding: BindingDeclaration, exchangeType: string): Promise<void> {
    const row = rowOf(binding, exchangeType);
    await this.#change(tableOf(binding), (rows) => (rows.some((other) => isSame(row, other)) ? rows : [row, ...rows]));
  }

  async remove(binding: BindingDeclaration): Promise<void> {
    const row = rowOf(binding);
    await this.#change(tableOf(binding), (rows) => rows.filter((other) => !isSame(row, other)));
  }

  async removeQueue(queue: string): Promise<void> {
    const leadsElsewhere = ([, , destination, type = 'queue']: Row): boolean =>
      destination !== queue || type !== 'queue';
    for (const file of await readdir(this.#folder)) {
      if (!file.endsWith(kombuTable) && !file.endsWith(ownTable)) continue;
      await this.#change(file, (rows) => rows.filter(leadsElsewhere));
    }
  }

  async list(exchange: string): Promise<readonly BindingDeclaration[]> {
    const name = escapeName(exchange);
    const tables = [await this.#read(name + kombuTable), await this.#read(name + ownTable)];
    const text = tables.map((table) => table.text).join('\n');
    const known = this.#known.get(exchange);
    if (known?.text === text) return known.bindings;
    const bindings = tables.flatMap(({ rows }) => rows.map((row) => bindingOf(exchange, row)));
    this.#known.set(exchange, { text, bindings });
    return bindings;
  }

  async #change(file: string, edit: (rows: readonly Row[]) => readonly Row[]): Promise<void> {
    const { rows } = await this.#read(file);
    if (edit(rows).length === rows.length) return;
    const [path, lock] = [join(this.#folder, file), join(this.#folder, 'lock')];
    await this.#take(lock);
    try {
      const edited = edit((await this.#read(file)).rows);
      if (edited.length > 0) await writeWhole(path, `${path}.draft`, JSON.stringify(edited));
      else await rm(path, { force: true });
    } finally {
      await unless('ENOENT', rmdir(lock));
    }
  }

  /** Of our kind only: Kombu locks the table itself, which Node cannot. */
  async #take(lock: string): Promise<void> {
    while (!(await unless('EEXIST', mkdir(lock)))) {
      const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Infinity }));
      if (this.#clock.now() - mtimeMs > staleLockMs) await unless('ENOENT', rmdir(lock));
      else await pause(this.#clock, 5);
    }
  }

  async #read(file: string): Promise<{ readonly text: string; readonly rows: readonly Row[] }> {
    const path = join(this.#folder, file);
    for (let look = 1; ; look += 1) {
      const text = (await readText(path)) ?? '[]';
      try {
        return { text, rows: rowsOf(text) };
      } catch (cause) {
        // Kombu writes in place, so that half a table is there for a moment.
        if (look === 20) throw new KombuError(`${path} is no table of bindings: mend or delete it`, { cause });
      }
      await pause(this.#clock, 5);
    }
  }
}

function fitsKombu({ destinationType, arguments: args }: BindingDeclaration): boolean {
  return destinationType === 'queue' && Object.keys(args).length === 0;
}

function tableOf(binding: BindingDeclaration): string {
  return escapeName(binding.exchange) + (fitsKombu(binding) ? kombuTable : ownTable);
}

function rowOf(binding: BindingDeclaration, exchangeType = ''): Row {
  const { routingKey, destination, destinationType, arguments: args } = binding;
  const pattern = exchangeType === 'topic' ? kombuTopicPattern(routingKey) : '';
  if (fitsKombu(binding)) return [routingKey, pattern, destination];
  const stored = JSON.parse(JSON.stringify(args)) as Arguments;
  if (isDeepStrictEqual(stored, { ...args })) return [routingKey, pattern, destination, destinationType, stored];
  throw new UnsupportedError('The filesystem transport takes only such arguments of a binding as JSON can hold');
}

function bindingOf(
  exchange: string,
  [routingKey, , destination, destinationType = 'queue', args = {}]: Row,
): BindingDeclaration {
  return { exchange, destination, destinationType, routingKey, arguments: args };
}

/** The pattern says nothing new, and depends on the type of the exchange. */
function isSame([key, , ...one]: Row, [otherKey, , ...other]: Row): boolean {
  return key === otherKey && isDeepStrictEqual(one, other);
}

/** Whoever writes there is not to be trusted. */
function rowsOf(text: string): readonly Row[] {
  const rows: unknown = JSON.parse(text);
  if (Array.isArray(rows) && rows.every(isRow)) return rows;
  throw new SyntaxError('It should be a list of [routing key, pattern, queue]');
}

function isRow(row: unknown): row is Row {
  if (!Array.isArray(row)) return false;
  const [key, pattern, destination, type = 'queue', args = {}] = row as unknown[];
  const texts = [key, pattern, destination].every((each) => typeof each === 'string');
  return texts && (type === 'queue' || type === 'exchange') && typeof args === 'object' && args !== null;
}

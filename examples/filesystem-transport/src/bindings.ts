import { readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BindingDeclaration, BindingStore, KombuBinding } from '@kombu/core/spi';
import { KombuError, fromKombuBinding, isKombuBinding, toKombuBinding } from '@kombu/core/spi';
import { on, replaceFile } from './files.ts';
import { escapeName } from './names.ts';

/** A table for each exchange: a file with a list of `[routing key, pattern, queue]`, the newest first. */
export function bindingsIn(folder: string): BindingStore {
  const table = (exchange: string): string => join(folder, `${escapeName(exchange)}.exchange`);
  return {
    carries: isKombuBinding,
    list: async (exchange) => (await read(table(exchange))).map((row) => fromKombuBinding(exchange, row)),
    async add(binding, exchangeType) {
      const row = toKombuBinding(binding, exchangeType);
      await edit(table(binding.exchange), (rows) => (rows.some(isOf(binding)) ? rows : [row, ...rows]));
    },
    async remove(binding) {
      const isGone = isOf(binding);
      await edit(table(binding.exchange), (rows) => rows.filter((row) => !isGone(row)));
    },
    async removeQueue(queue) {
      const tables = (await readdir(folder)).filter((file) => file.endsWith('.exchange'));
      for (const file of tables) await edit(join(folder, file), (rows) => rows.filter((row) => row[2] !== queue));
    },
  };
}

/** Whatever its pattern, which depends on the type of the exchange. */
function isOf({ routingKey, destination }: BindingDeclaration): (row: KombuBinding) => boolean {
  return ([key, , queue]) => key === routingKey && queue === destination;
}

async function read(table: string): Promise<readonly KombuBinding[]> {
  // Kombu makes the file before it writes it.
  const text = (await readFile(table, 'utf8').catch(on('ENOENT', ''))) || '[]';
  try {
    const rows = JSON.parse(text) as readonly KombuBinding[];
    if (rows.every((row) => row.length === 3 && row.every((cell) => typeof cell === 'string'))) return rows;
    throw new TypeError('It should be a list of [routing key, pattern, queue]');
  } catch (cause) {
    throw new KombuError(`${table} is no table of bindings: mend or delete it`, { cause });
  }
}

/** The draft is the lock. Kombu locks the table itself, which Node cannot. */
async function edit(table: string, change: (rows: readonly KombuBinding[]) => readonly KombuBinding[]): Promise<void> {
  const rows = await read(table);
  if (change(rows).length === rows.length) return;
  const changed = async (): Promise<string> => JSON.stringify(change(await read(table)));
  while (await replaceFile(table, changed).then(() => false, on('EEXIST', true))) await outwait(`${table}.draft`);
}

/** A change takes milliseconds: an older draft is of a process that died. */
async function outwait(draft: string): Promise<void> {
  const { mtimeMs } = await stat(draft).catch(on('ENOENT', { mtimeMs: Infinity }));
  if (Date.now() - mtimeMs > 10_000) await rm(draft, { force: true });
  else await pause(5);
}

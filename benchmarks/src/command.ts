import { parseArgs } from 'node:util';
import type { MeasureOptions } from './measure.ts';
import type { Suite } from './suite.ts';

/** Loaded when they are wanted: the clients of brokers are large. */
export const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  memory: async () => (await import('./suites/memory.ts')).memory,
  routing: async () => (await import('./suites/routing.ts')).routing,
  codec: async () => (await import('./suites/codec.ts')).codec,
  amqp: async () => (await import('./suites/amqp.ts')).amqp,
  redis: async () => (await import('./suites/redis.ts')).redis,
  'memory-use': async () => (await import('./suites/memory-use.ts')).memoryUse,
  scale: async () => (await import('./suites/scale.ts')).scale,
};

export async function usage(): Promise<string> {
  const loaded = await Promise.all(Object.values(suites).map((load) => load()));
  return [
    'npm run bench -- [suite …] [--only TEXT] [--contender TEXT] [--rounds 5] [--run-ms 500]',
    ...loaded.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`),
  ].join('\n');
}

function chosen(names: readonly string[]): readonly string[] {
  const unknown = names.filter((name) => !Object.hasOwn(suites, name));
  if (unknown.length > 0) throw new Error(`There is no suite ${unknown.join(', ')}.`);
  return names.length === 0 ? Object.keys(suites) : names;
}

function atLeastOne(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`--${option} must be an integer of at least 1, not ${text}.`);
}

/** What is to be measured. */
export interface Command {
  /** Names. */
  readonly selected: readonly string[];
  /** Only the cases with this in their title. */
  readonly only: string;
  /** Only the contenders with this in their name. */
  readonly contender: string;
  readonly options: MeasureOptions;
}

/** Reads the command line. Throws an error that says what is wrong with it. */
export function readCommand(): Command {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string', default: '' },
      contender: { type: 'string', default: '' },
      rounds: { type: 'string', default: '5' },
      'run-ms': { type: 'string', default: '500' },
    },
  });
  return {
    selected: chosen(positionals),
    only: values.only,
    contender: values.contender,
    options: { rounds: atLeastOne('rounds', values.rounds), runMs: atLeastOne('run-ms', values['run-ms']) },
  };
}

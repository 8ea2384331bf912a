import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { formatCase } from './format-case.ts';
import { measure } from './measure.ts';
import type { Suite } from './suite.ts';
import { codec } from './suites/codec.ts';
import { memory } from './suites/memory.ts';
import { routing } from './suites/routing.ts';

const suites: readonly Suite[] = [memory, routing, codec];

const usage = `npm run bench -- [suite …] [--rounds 5] [--run-ms 500]
${suites.map(({ name, about }) => `  ${name.padEnd(8)} ${about}`).join('\n')}`;

function chosen(names: readonly string[]): readonly Suite[] {
  const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
  if (unknown.length > 0) throw new Error(`There is no suite ${unknown.join(', ')}.`);
  return names.length === 0 ? suites : suites.filter(({ name }) => names.includes(name));
}

function atLeastOne(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`--${option} must be an integer of at least 1, not ${text}.`);
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: 'string', default: '5' }, 'run-ms': { type: 'string', default: '500' } },
  });
  const options = { rounds: atLeastOne('rounds', values.rounds), runMs: atLeastOne('run-ms', values['run-ms']) };
  const selected = chosen(positionals);
  const [cpu] = cpus();
  console.log(`Node ${process.version}, ${availableParallelism()} cores (${cpu?.model ?? 'unknown'})`);
  console.log(`Medians of ${options.rounds} interleaved rounds of about ${options.runMs} ms.`);
  for (const suite of selected) {
    for (const each of suite.cases()) {
      console.log(`\n${formatCase(each, await measure(each.contenders, options))}`);
    }
  }
} catch (error) {
  console.error(error instanceof TypeError || error instanceof Error ? error.message : error);
  console.error(usage);
  process.exitCode = 1;
}

import { availableParallelism, cpus } from 'node:os';
import { releaseServices } from '@kombu/services';
import type { Command } from './command.ts';
import { readCommand, suites, usage } from './command.ts';
import { formatCase } from './format-case.ts';
import { measure } from './measure.ts';
import type { MeasureOptions } from './measure.ts';
import type { FootprintCase } from './memory-use/footprint.ts';
import { formatFootprints } from './memory-use/format-footprints.ts';
import { weighAll } from './memory-use/weigh.ts';
import type { Case } from './suite.ts';

function narrow<T extends Case | FootprintCase>(each: T, contender: string): T {
  const isWanted = ({ name }: { readonly name: string }): boolean => name.includes(contender);
  return 'footprints' in each
    ? { ...each, footprints: each.footprints.filter(isWanted) }
    : { ...each, contenders: each.contenders.filter(isWanted) };
}

function size(each: Case | FootprintCase): number {
  return 'footprints' in each ? each.footprints.length : each.contenders.length;
}

async function report(each: Case | FootprintCase, options: MeasureOptions): Promise<string> {
  if ('footprints' in each) return formatFootprints(each, await weighAll(each, options.rounds));
  return formatCase(each, await measure(each.contenders, options));
}

async function run({ selected, only, contender, options }: Command): Promise<void> {
  const [cpu] = cpus();
  console.log(`Node ${process.version}, ${availableParallelism()} cores (${cpu?.model ?? 'unknown'})`);
  console.log(`Medians of ${options.rounds} interleaved rounds of about ${options.runMs} ms.`);
  for (const name of selected) {
    const suite = await suites[name]?.();
    for (const whole of suite?.cases() ?? []) {
      const each = narrow(whole, contender);
      if (each.title.includes(only) && size(each) > 0) console.log(`\n${await report(each, options)}`);
    }
  }
}

let command: Command | undefined;
try {
  command = readCommand();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${await usage()}`);
  process.exitCode = 1;
}
if (command) {
  try {
    await run(command);
  } finally {
    await releaseServices();
  }
}

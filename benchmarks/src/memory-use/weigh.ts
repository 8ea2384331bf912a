import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { kilobyte } from '../bodies.ts';
import { AbsentError } from '../contender.ts';
import { median } from '../median.ts';
import type { Absent } from '../measure.ts';
import type { Footprint, FootprintCase, Load } from './footprint.ts';
import type { Answer, Job } from './job.ts';

/** Milliseconds for one process. */
const timeout = 180_000;

export interface Weighed {
  readonly name: string;
  /** Resident memory in bytes: the median over the rounds. */
  readonly bytes: number;
}

/** Starts a process for each footprint. */
export async function weighAll(
  { footprints, load, rounds: enough }: FootprintCase,
  rounds: number,
): Promise<{ readonly weighed: readonly Weighed[]; readonly absent: readonly Absent[] }> {
  const readings = new Map<Footprint, number[]>(footprints.map((each) => [each, []]));
  const absent: Absent[] = [];
  for (let round = 0; round < Math.min(rounds, enough); round += 1) {
    for (const [footprint, bytes] of readings) {
      try {
        bytes.push(await weigh(footprint, load));
      } catch (error) {
        if (!(error instanceof AbsentError)) throw error;
        absent.push({ name: footprint.name, reason: error.message });
        readings.delete(footprint);
      }
    }
  }
  return { weighed: [...readings].map(([{ name }, bytes]) => ({ name, bytes: median(bytes) })), absent };
}

async function weigh({ client, backlog }: Footprint, load: Load): Promise<number> {
  if (!backlog) return run({ load });
  try {
    const site = await backlog.open();
    if (load.kind === 'hold') await backlog.fill(load.count, kilobyte.value);
    return await run({ load, client, site });
  } finally {
    await backlog.close();
  }
}

async function run(job: Job): Promise<number> {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const script = fileURLToPath(new URL(`weighed${extension}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, JSON.stringify(job)], {
    timeout,
  });
  const answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Answer;
  if ('absent' in answer) throw new AbsentError(answer.absent);
  return answer.bytes;
}

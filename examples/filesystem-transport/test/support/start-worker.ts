import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FilesystemOptions } from '../../src/options.ts';
import { until } from './until.ts';

/** Another process that consumes a queue. */
export interface Worker {
  /** What it has got so far. */
  readonly received: readonly string[];
  /** As `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts `worker.ts`, which acks what it gets, or with `hold` never settles it. Resolves when it consumes. */
export async function startWorker(options: FilesystemOptions, queue: string, manner: 'ack' | 'hold'): Promise<Worker> {
  const loader = join(import.meta.dirname, 'typescript.mjs');
  const script = [join(import.meta.dirname, 'worker.ts'), JSON.stringify(options), queue, manner];
  const child = spawn(process.execPath, ['--conditions=@kombu/source', '--import', loader, ...script], {
    // Jest's own options for Node are not for it.
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'close');
  const received: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => received.push(line));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  try {
    await until(() => received.includes('ready'), 'the start of a worker');
  } catch (error) {
    await kill();
    throw error;
  }
  received.length = 0;
  return { received, kill };
}

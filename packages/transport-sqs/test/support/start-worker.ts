import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SqsTransportOptions } from '../../src/options.ts';
import { until } from './wait.ts';

/** Another process that consumes a queue. */
export interface Worker {
  /** Its lines: `got <body>`, `ok <body>`. */
  readonly lines: readonly string[];
  /** As `kill -9`; resolves when it is gone and all it printed has been read. */
  kill(): Promise<void>;
}

/** Starts `worker.ts`, which acks what it gets, or with `hold` never settles it. Resolves when it consumes. */
export async function startWorker(
  url: string,
  options: SqsTransportOptions,
  queue: string,
  manner: 'ack' | 'hold',
): Promise<Worker> {
  const loader = join(import.meta.dirname, 'typescript.mjs');
  const script = [join(import.meta.dirname, 'worker.ts'), url, JSON.stringify(options), queue, manner];
  const child = spawn(
    process.execPath,
    ['--no-warnings', '--conditions=@kombu/source', '--import', loader, ...script],
    {
      // Jest's own options for Node are not for it.
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const gone = once(child, 'close');
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const read = once(reader, 'close');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await Promise.all([gone, read]);
  };
  try {
    await until('a worker consumes', () => lines.includes('ready'), 30_000);
  } catch (error) {
    await kill();
    throw error;
  }
  return { lines, kill };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from './wait.ts';

/** What a worker does with a message: acks it, acks it when it is told to, or keeps it. */
export type Manner = 'ack' | 'signal' | 'hold';

export interface WorkerOptions {
  /** The URL of the module that exports the `transport`, such as `import.meta.resolve('../src/index.ts')`. */
  readonly transport: string;
  readonly url: string;
  /** The options of the transport. */
  readonly options: object;
  readonly queue: string;
  readonly manner: Manner;
  /** @default 50 */
  readonly prefetch?: number;
}

/** Another process that consumes a queue. */
export interface Worker {
  /** Its lines: `got <body>`, `ok <body>`. */
  readonly lines: readonly string[];
  /** As `kill -9`; resolves when it is gone and all it printed has been read. */
  kill(): Promise<void>;
  /** Lets it ack what it has got; for `signal`. */
  go(): void;
}

/** Resolves when it consumes. */
export async function startWorker({ prefetch = 50, ...options }: WorkerOptions): Promise<Worker> {
  const [loader, script] = [join(import.meta.dirname, 'typescript.mjs'), join(import.meta.dirname, 'worker.ts')];
  const child = spawn(
    process.execPath,
    [
      '--no-warnings',
      '--conditions=@kombu/source',
      '--import',
      loader,
      script,
      JSON.stringify({ ...options, prefetch }),
    ],
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
  return { lines, kill, go: () => void child.kill('SIGUSR2') };
}

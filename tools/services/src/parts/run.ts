import { execFile } from 'node:child_process';

export interface RunOptions {
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed; 30,000 by default. */
  readonly deadline?: number;
}

/** Runs a program to its end and returns what it wrote to stdout. Throws with all that it wrote when it fails. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { deadline = 30_000 } = options;
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { env: environment(options.env), timeout: deadline, killSignal: 'SIGKILL', maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(failure(command, args, error, `${stdout}${stderr}`, deadline), { cause: error }));
      },
    );
  });
}

function failure(
  command: string,
  args: readonly string[],
  error: Error & { killed?: boolean },
  output: string,
  deadline: number,
): string {
  const how = error.killed === true ? ` did not end within ${deadline} ms` : ` failed`;
  return `${command} ${args.join(' ')}${how}: ${output.trim() || error.message}`;
}

/** Of this process, without what would change how a server runs: options of Node, settings of the user's own RabbitMQ. */
export function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => name !== 'NODE_OPTIONS' && !/^(RABBITMQ|ERL)_/.test(name));
  return { ...Object.fromEntries(own), ...more };
}

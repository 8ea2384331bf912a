import { spawn } from 'node:child_process';

export interface Ended {
  readonly ok: boolean;
  /** What it wrote to stdout and stderr, and how it ended. */
  readonly output: string;
}

/** Runs Node in a folder to its end, or kills it after `deadline` milliseconds. */
export function runNode(args: readonly string[], folder: string, deadline: number): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    // Jest's own options for Node are not for the programs.
    env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: deadline,
    killSignal: 'SIGKILL',
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const end = signal === null ? `exit code ${code}` : `killed, because it did not end within ${deadline} ms`;
      resolve({ ok: code === 0, output: `${output.trim()}\n${end}`.trim() });
    });
  });
}

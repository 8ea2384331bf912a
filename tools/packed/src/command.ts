import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from './packages.ts';

export interface CommandResult {
  readonly ok: boolean;
  /** What it wrote to stdout and stderr, in order of arrival. */
  readonly output: string;
}

const deadline = 60_000;

/** Runs a program to its end, or kills it at the deadline. Programs of the root's node_modules are found. */
export function command(program: string, args: readonly string[], cwd: string): Promise<CommandResult> {
  const path = [join(root, 'node_modules', '.bin'), process.env['PATH']].join(delimiter);
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, PATH: path, FORCE_COLOR: '0' },
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
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ ok: false, output: `${output}${program}: ${error.message}` }));
    child.once('close', (code, signal) => {
      const end = signal === null ? '' : `\n${program} was ended by ${signal} (the deadline is ${deadline} ms)`;
      resolve({ ok: code === 0, output: `${output}${end}`.trim() });
    });
  });
}

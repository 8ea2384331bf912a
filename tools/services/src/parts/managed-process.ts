import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { environment } from './run.ts';
import { waitFor } from './wait-for.ts';

/** How one process of a server is started. */
export interface ProcessSpec {
  /** Its name among the processes of the server; the log is `<name>.log`, the process id `<name>.pid`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Until this port accepts connections, the processes behind it are not started. */
  readonly port?: number;
  /** Milliseconds from SIGTERM to SIGKILL; 15,000 by default. */
  readonly patience?: number;
}

/** Milliseconds that a process may take to be gone. */
const deadline = 15_000;

/**
 * A process that outlives its starter, known by its pid file. Signals go to its whole process group, and only as long as the
 * process with that id is still the one that was started.
 */
export class ManagedProcess {
  readonly spec: ProcessSpec;
  readonly log: string;
  readonly #folder: string;
  readonly #pidFile: string;

  constructor(folder: string, spec: ProcessSpec) {
    this.spec = spec;
    this.#folder = folder;
    this.log = join(folder, `${spec.name}.log`);
    this.#pidFile = join(folder, `${spec.name}.pid`);
  }

  get running(): boolean {
    return this.#alive() !== undefined;
  }

  /** Undefined when it does not run. */
  get pid(): number | undefined {
    return this.#alive()?.pid;
  }

  /** Does nothing when it runs. Resolves when the process exists, not when it is ready. */
  async start(): Promise<void> {
    if (this.running) return;
    mkdirSync(this.#folder, { recursive: true });
    const log = openSync(this.log, 'a');
    try {
      const { command, args, env } = this.spec;
      const stdio = ['ignore', log, log] as const;
      const child = spawn(command, args, {
        cwd: this.#folder,
        env: environment(env),
        detached: true,
        stdio: [...stdio],
      });
      await new Promise((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
      child.unref();
      // Undefined when it ended at once: then the log tells why.
      const identity = identify(child.pid ?? 0);
      if (identity !== undefined) writeFileSync(this.#pidFile, JSON.stringify(identity));
    } finally {
      closeSync(log);
    }
  }

  /** Asks it to end, and kills it when it takes too long. Does nothing when it does not run. */
  async stop(): Promise<void> {
    this.resume();
    this.#signal('SIGTERM');
    await this.#ended(this.spec.patience ?? deadline).catch(() => this.kill());
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.#ended(deadline);
  }

  /** SIGSTOP: its sockets stay open and nothing answers. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  /** The last lines of its log. */
  tail(lines = 15): string {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : '';
  }

  async #ended(within: number): Promise<void> {
    await waitFor(`${this.spec.name} to end`, () => !this.running, within);
    rmSync(this.#pidFile, { force: true });
  }

  #signal(signal: NodeJS.Signals): void {
    const identity = this.#alive();
    if (identity === undefined) return;
    try {
      process.kill(-identity.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #alive(): ProcessIdentity | undefined {
    try {
      const identity = JSON.parse(readFileSync(this.#pidFile, 'utf8')) as ProcessIdentity;
      return isAlive(identity) ? identity : undefined;
    } catch {
      return undefined;
    }
  }
}

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { AbsentError } from '../contender.ts';
import type { Usage } from '../contender.ts';

/** A script of the folder `python`: reads a body and then counts, one a line, and answers each with what the work took. */
export class PythonProcess {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    // A Python that ends early shows as the end of its answers.
    child.stdin?.on('error', () => {});
    this.#answers = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  /** Starts it, with the interpreter that `KOMBU_PYTHON` names. Rejects with AbsentError where that lacks something. */
  static async start(script: string, args: readonly string[], body: unknown): Promise<PythonProcess> {
    const python = process.env['KOMBU_PYTHON'] ?? 'python3';
    const path = fileURLToPath(new URL(`../../python/${script}`, import.meta.url));
    const child = spawn(python, [path, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-1000);
    });
    const [error] = (await Promise.race([once(child, 'spawn'), once(child, 'error')])) as [Error | undefined];
    if (error) throw new AbsentError(`${python} cannot be started: ${error.message}`);
    const started = new PythonProcess(child);
    try {
      await started.#ask(JSON.stringify(body));
    } catch {
      throw new AbsentError(`${python}: ${complaint.trim().split('\n').at(-1) ?? 'ended'}`);
    }
    return started;
  }

  async run(count: number): Promise<Usage> {
    return JSON.parse(await this.#ask(String(count))) as Usage;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.stdin?.end();
    await once(this.#child, 'exit');
  }

  async #ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    const answer = await this.#answers.next();
    if (answer.done) throw new Error('Python ended');
    return answer.value;
  }
}

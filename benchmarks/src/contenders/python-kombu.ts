import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Body } from '../bodies.ts';
import type { Contender, Usage } from '../contender.ts';
import { AbsentError } from '../contender.ts';

const script = fileURLToPath(new URL('../../python/publish_consume_ack.py', import.meta.url));

/** Python Kombu on a broker of its own choice, measured in its own process. `KOMBU_PYTHON` names the interpreter. */
export class PythonKombu implements Contender {
  readonly name = 'Python Kombu';
  readonly #url: string;
  readonly #body: Body;
  #child: ChildProcess | undefined;
  #answers: AsyncIterator<string> | undefined;

  constructor(url: string, body: Body) {
    this.#url = url;
    this.#body = body;
  }

  async setup(): Promise<void> {
    const python = process.env['KOMBU_PYTHON'] ?? 'python3';
    const child = spawn(python, [script, this.#url], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child = child;
    const [error] = (await Promise.race([once(child, 'spawn'), once(child, 'error')])) as [Error | undefined];
    if (error) throw new AbsentError(`${python} cannot be started: ${error.message}`);
    // A Python that ends early shows as the end of its answers.
    child.stdin?.on('error', () => {});
    this.#answers = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    const version = await this.#ask(JSON.stringify(this.#body.value)).catch(() => undefined);
    if (version === undefined) throw new AbsentError(`\`${python} -c "import kombu"\` fails`);
  }

  async run(count: number): Promise<Usage> {
    return JSON.parse(await this.#ask(String(count))) as Usage;
  }

  async teardown(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    child.stdin?.end();
    await once(child, 'exit');
  }

  async #ask(line: string): Promise<string> {
    this.#child?.stdin?.write(`${line}\n`);
    const answer = await this.#answers?.next();
    if (!answer || answer.done) throw new Error('Python ended');
    return answer.value;
  }
}

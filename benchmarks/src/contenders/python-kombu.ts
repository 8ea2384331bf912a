import type { Body } from '../bodies.ts';
import type { Contender, Usage } from '../contender.ts';
import { PythonProcess } from './python-process.ts';

/** Python Kombu on a broker of its own choice, measured in its own process. */
export class PythonKombu implements Contender {
  readonly name = 'Python Kombu';
  readonly #url: string;
  readonly #body: Body;
  #python: PythonProcess | undefined;

  constructor(url: string, body: Body) {
    this.#url = url;
    this.#body = body;
  }

  async setup(): Promise<void> {
    this.#python = await PythonProcess.start('publish_consume_ack.py', [this.#url], this.#body.value);
  }

  async run(count: number): Promise<Usage> {
    if (!this.#python) throw new Error('The contender is not set up.');
    return this.#python.run(count);
  }

  async teardown(): Promise<void> {
    await this.#python?.end();
  }
}

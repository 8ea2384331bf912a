import type { Backlog } from '../backlogs/backlog.ts';
import type { Body } from '../bodies.ts';
import type { Contender, Usage } from '../contender.ts';
import { PythonProcess } from './python-process.ts';

/** `publish-window` is py-amqp by itself: Kombu waits for each confirm. */
export type PythonWork = 'publish' | 'publish-window' | 'consume' | 'latency';

/** Python Kombu on a real broker, measured in its own process; its queue is filled and looked after from here. */
export class PythonBroker implements Contender {
  readonly name: string;
  readonly #work: PythonWork;
  readonly #backlog: Backlog;
  readonly #body: Body;
  #python: PythonProcess | undefined;

  constructor(work: PythonWork, backlog: Backlog, body: Body) {
    this.name = work === 'publish-window' ? 'py-amqp' : 'Python Kombu';
    this.#work = work;
    this.#backlog = backlog;
    this.#body = body;
  }

  async setup(): Promise<void> {
    try {
      const { url, queues, keyPrefix } = await this.#backlog.open();
      const args = [this.#work, url, queues[0] ?? '', keyPrefix];
      this.#python = await PythonProcess.start('broker.py', args, this.#body.value);
    } catch (error) {
      await this.teardown();
      throw error;
    }
  }

  async run(count: number): Promise<Usage> {
    if (!this.#python) throw new Error('The contender is not set up.');
    if (this.#work === 'consume') await this.#backlog.fill(count, this.#body.value);
    const usage = await this.#python.run(count);
    const size = await this.#backlog.size();
    const expected = this.#work.startsWith('publish') ? count : 0;
    if (size !== expected) throw new Error(`${this.name}: ${size} messages are in the queue, not ${expected}`);
    await this.#backlog.clear();
    return usage;
  }

  async teardown(): Promise<void> {
    await this.#python?.end();
    await this.#backlog.close();
  }
}

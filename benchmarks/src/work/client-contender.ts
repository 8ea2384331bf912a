import type { Backlog } from '../backlogs/backlog.ts';
import type { Body } from '../bodies.ts';
import type { Client, Site } from '../client.ts';
import type { Contender, Usage } from '../contender.ts';

/** A client at work, with queues of its own. */
export interface Bench {
  readonly client: Client;
  readonly backlog: Backlog;
  readonly site: Site;
  readonly body: unknown;
}

/** Does `count` messages' worth of something, and tells what that took without the preparations. */
export type Work = (bench: Bench, count: number) => Promise<Usage>;

export interface ClientContenderOptions {
  readonly client: Client;
  readonly backlog: Backlog;
  readonly body: Body;
  readonly work: Work;
  /** @default the name of the client */
  readonly name?: string;
}

/** Longer than any run of a sound client. */
const deadline = 120_000;

/** A client that does some work, as a contender. */
export class ClientContender implements Contender {
  readonly name: string;
  readonly #options: ClientContenderOptions;
  #site: Site | undefined;

  constructor(options: ClientContenderOptions) {
    this.name = options.name ?? options.client.name;
    this.#options = options;
  }

  async setup(): Promise<void> {
    const { client, backlog } = this.#options;
    try {
      this.#site = await backlog.open();
      await client.open(this.#site);
    } catch (error) {
      await this.teardown();
      throw error;
    }
  }

  async run(count: number): Promise<Usage> {
    const { client, backlog, body, work } = this.#options;
    if (!this.#site) throw new Error('The contender is not set up.');
    const bench = { client, backlog, site: this.#site, body: body.value };
    return within(deadline, work(bench, count), `${this.name}, ${count} messages`);
  }

  async teardown(): Promise<void> {
    const { client, backlog } = this.#options;
    await client.close();
    await backlog.close();
  }
}

async function within<T>(milliseconds: number, work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not done after ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

import { timed } from '../usage.ts';
import type { Bench, Work } from './client-contender.ts';

/** Publishes to a consumer of the same client, with up to `window` messages between the call to publish and the ack. */
export function flow(window: number): Work {
  return async (bench, count) => {
    const running = new Flow(bench, window);
    const stop = await bench.client.consume(window, running);
    try {
      // Each queue has been asked once, so that what starting costs stays out of the figures.
      await running.run(bench.site.queues.length);
      return await timed(() => running.run(count));
    } finally {
      await stop();
    }
  };
}

class Flow {
  readonly #bench: Bench;
  readonly #window: number;
  #count = 0;
  #started = 0;
  #acked = 0;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(bench: Bench, window: number) {
    this.#bench = bench;
    this.#window = window;
  }

  handle = (): void => {};

  acked = (): void => {
    this.#acked += 1;
    if (this.#started < this.#count) this.#publish();
    else if (this.#acked === this.#count) this.#resolve();
  };

  run(count: number): Promise<void> {
    this.#count = count;
    this.#started = 0;
    this.#acked = 0;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      while (this.#started < Math.min(this.#window, count)) this.#publish();
    });
  }

  /** Over all queues of the site in turn. */
  #publish(): void {
    const { client, site, body } = this.#bench;
    const queue = site.queues[this.#started % site.queues.length] ?? '';
    this.#started += 1;
    client.publish(body, queue, this.#done);
  }

  readonly #done = (error?: unknown): void => {
    if (error) this.#reject(error);
  };
}

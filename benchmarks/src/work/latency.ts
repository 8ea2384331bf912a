import { asError } from '../as-error.ts';
import type { Usage } from '../contender.ts';
import { median } from '../median.ts';
import { timed } from '../usage.ts';
import type { Bench, Work } from './client-contender.ts';

/** Publishes one message at a time to a consumer of the same client: the median time until its handler runs. */
export function latency(): Work {
  return async (bench, count) => {
    const trips = new RoundTrips(bench);
    const stop = await bench.client.consume(100, trips);
    try {
      return await trips.run(count);
    } finally {
      await stop();
    }
  };
}

class RoundTrips {
  readonly #bench: Bench;
  #handledAt = 0;
  #acked: () => void = () => {};

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  handle = (): void => {
    this.#handledAt = performance.now();
  };

  acked = (): void => {
    this.#acked();
  };

  async run(count: number): Promise<Usage> {
    const times: number[] = [];
    const { cpuMicros } = await timed(async () => {
      while (times.length < count) times.push(await this.#trip());
    });
    return { seconds: (median(times) / 1000) * count, cpuMicros };
  }

  /** The next one leaves when this one is confirmed and acked. */
  #trip(): Promise<number> {
    const { client, site, body } = this.#bench;
    return new Promise((resolve, reject) => {
      let left = 2;
      const sentAt = performance.now();
      const half = (): void => {
        left -= 1;
        if (left === 0) resolve(this.#handledAt - sentAt);
      };
      this.#acked = half;
      client.publish(body, site.queues[0] ?? '', (error) => {
        if (error) reject(asError(error));
        else half();
      });
    });
  }
}

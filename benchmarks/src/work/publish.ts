import { asError } from '../as-error.ts';
import { timed } from '../usage.ts';
import type { Bench, Work } from './client-contender.ts';

/** Publishes, with up to `window` messages that are not confirmed yet. */
export function publish(window: number): Work {
  return async (bench, count) => {
    const usage = await timed(() => publishAll(bench, count, window));
    const arrived = await bench.backlog.size();
    if (arrived !== count) throw new Error(`${bench.client.name}: ${arrived} of ${count} messages arrived`);
    await bench.backlog.clear();
    return usage;
  };
}

/** As each message is confirmed the next one leaves, over all queues of the site in turn. */
export function publishAll({ client, site, body }: Bench, count: number, window: number): Promise<void> {
  const { queues } = site;
  return new Promise((resolve, reject) => {
    let started = 0;
    let confirmed = 0;
    const next = (): void => {
      const queue = queues[started % queues.length] ?? '';
      started += 1;
      client.publish(body, queue, done);
    };
    const done = (error?: unknown): void => {
      if (error) reject(asError(error));
      confirmed += 1;
      if (started < count) next();
      else if (confirmed === count) resolve();
    };
    while (started < Math.min(window, count)) next();
  });
}

import type { Stop } from '../client.ts';
import { timed } from '../usage.ts';
import type { Bench, Work } from './client-contender.ts';

/** Consumes and acks what waits in the queue already. */
export function consume(prefetch: number): Work {
  return async (bench, count) => {
    const { client, backlog, body } = bench;
    await backlog.fill(count, body);
    const { result: stop, ...usage } = await timed(() => consumeAll(bench, count, prefetch));
    await stop();
    const left = await backlog.size();
    if (left > 0) throw new Error(`${client.name}: ${left} of ${count} messages are left`);
    return usage;
  };
}

function consumeAll({ client }: Bench, count: number, prefetch: number): Promise<Stop> {
  return new Promise((resolve, reject) => {
    let left = count;
    let objects = 0;
    const consuming = client.consume(prefetch, {
      handle: (body) => {
        if (typeof body === 'object') objects += 1;
      },
      acked: () => {
        left -= 1;
        if (left > 0) return;
        if (objects === count) resolve(consuming);
        else reject(new Error(`${client.name}: ${objects} of ${count} messages were decoded`));
      },
    });
    consuming.catch(reject);
  });
}

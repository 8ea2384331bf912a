import { startWorker as start, type Manner, type Worker } from '@kombu/test-kit';
import type { ZooKeeperTransportOptions } from '../../src/options.ts';

export type { Worker };

const transport = new URL('../../src/index.ts', import.meta.url).href;

/** Another process that consumes a queue over this transport. */
export function startWorker(
  url: string,
  options: ZooKeeperTransportOptions,
  queue: string,
  manner: Manner,
): Promise<Worker> {
  return start({ transport, url, options, queue, manner });
}

import { faultScript as run } from '@kombu/test-kit';
import { redisTransport } from '../../src/index.ts';
import { connectRaw } from './raw.ts';
import { newPrefix } from './stores.ts';

/** A link that hangs is found out within this time, in milliseconds. */
const probe = { healthCheckInterval: 40, socketTimeout: 80 };
const leaseMs = 1000;

/** A random script of faults; the last messages come by a plain LPUSH. */
export async function faultScript(url: string, seed: number): Promise<void> {
  const prefix = newPrefix();
  const raw = await connectRaw(url);
  const keys = (): Promise<string[]> => raw.keys(`${prefix}*`);
  const transportOptions = { globalKeyprefix: prefix, leaseMs, unackedRestoreInterval: 50, ...probe };
  try {
    await run(
      {
        url,
        connection: { transport: redisTransport, transportOptions, connectTimeout: 300 },
        // Shorter than a probe, about as long, and longer.
        pause: (random) => random() * 200,
        put: (queue, body) => raw.lpush(prefix + queue, plainEnvelope(queue, body)),
        isSettled: async () => (await keys()).length === 0,
      },
      seed,
    );
  } finally {
    const left = await keys();
    if (left.length > 0) await raw.del(left);
    await raw.quit();
  }
}

function plainEnvelope(queue: string, body: string): string {
  const delivery_info = { exchange: '', routing_key: queue };
  const properties = { delivery_info, body_encoding: null, delivery_tag: queue };
  const content = { 'content-type': 'text/plain', 'content-encoding': 'utf-8' };
  return JSON.stringify({ body, ...content, headers: {}, properties });
}

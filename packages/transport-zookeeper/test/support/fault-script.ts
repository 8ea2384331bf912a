import { faultScript as run } from '@kombu/test-kit';
import { zookeeperTransport } from '../../src/index.ts';
import { envelope } from './messages.ts';
import { placesOf } from './places.ts';
import { connectRaw } from './raw.ts';
import { inNewRoot } from './stores.ts';

/** A link that hangs is found out within two thirds of a session. */
const transportOptions = { sessionTimeout: 1000, hostTimeout: 300 };

/** A random script of faults. */
export async function faultScript(server: string, seed: number): Promise<void> {
  const url = inNewRoot(server);
  const raw = await connectRaw(url);
  try {
    await run(
      {
        url,
        connection: { transport: zookeeperTransport, transportOptions, connectTimeout: 500 },
        // Shorter than a session, about as long, and longer.
        pause: (random) => random() ** 2 * 1500,
        put: (queue, body) => raw.put(queue, envelope(body, queue)),
        isSettled: async (queues) => {
          const places = await Promise.all(queues.map((queue) => placesOf(raw, queue)));
          return places.every(({ ready, claimed }) => ready.length + claimed.length === 0);
        },
      },
      seed,
    );
  } finally {
    await raw.close();
  }
}

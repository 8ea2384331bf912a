import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import type { ConnectionHost } from './connection-host.ts';
import type { CloseReport } from './host.ts';

/** When the time is up, this many milliseconds more are there for going without ceremony. */
const forceMs = 200;

/**
 * Closes a connection in phases, all within one deadline: consumers stop and their handlers finish, publishes in flight are
 * answered, channels give back what is unsettled, the link goes. A phase that fails or runs out of time does not stop the next.
 */
export async function closeConnection(owner: ConnectionHost, wait: WaitOptions): Promise<CloseReport> {
  const { clock, logger, supervisor, options } = owner;
  const giveUpAt = clock.now() + (wait.timeout ?? options.closeTimeout);
  const left = (grace = 0): number => Math.max(0, giveUpAt + grace - clock.now());
  const report = { completed: 0, released: 0, abandoned: 0 };
  const phase = async (what: string, work: Promise<unknown>, grace = 0): Promise<void> => {
    const inTime = bounded(work, { timeout: left(grace), signal: wait.signal }, clock, what);
    await inTime.catch((error: unknown) => logger.warn(`${what} was given up`, { error }));
  };
  supervisor.setState('closing');
  const consumers = [...owner.consumers].map(async (consumer) => {
    const { completed, released, abandoned } = await consumer.close({ timeout: left(), signal: wait.signal });
    report.completed += completed;
    report.released += released;
    report.abandoned += abandoned;
  });
  await phase('Closing the consumers', Promise.all(consumers), forceMs);
  const producers = [...owner.producers].map(async (producer) => {
    report.abandoned += (
      await producer.close({ timeout: supervisor.link ? left() : 0, signal: wait.signal })
    ).abandoned;
  });
  await phase('Closing the producers', Promise.all(producers), forceMs);
  const channels = [owner.control, ...owner.channels].map((channel) => channel.close());
  await phase('Closing the channels', Promise.all(channels), forceMs);
  await phase('Closing the link', supervisor.close(), forceMs);
  owner.closed();
  supervisor.setState('closed');
  return report;
}

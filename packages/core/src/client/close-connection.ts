import { ClosingTime } from '../reliability/closing-time.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import type { ConnectionHost } from './connection-host.ts';
import type { CloseReport } from './host.ts';

/**
 * Closes a connection in phases, all within one deadline: consumers stop and their handlers finish, publishes in flight are
 * answered, channels give back what is unsettled, the link goes. A phase that fails or runs out of time does not stop the next.
 */
export async function closeConnection(owner: ConnectionHost, wait: WaitOptions): Promise<CloseReport> {
  const { clock, logger, supervisor, options } = owner;
  const timeout = wait.timeout ?? options.closeTimeout;
  const time = new ClosingTime(clock, logger, { timeout, signal: wait.signal });
  const report = { completed: 0, released: 0, abandoned: 0 };
  supervisor.status.change('closing');
  await time.lastStep('Closing the consumers', () =>
    each(owner.consumers, async (consumer) => {
      const { completed, released, abandoned } = await consumer.close(time.left);
      report.completed += completed;
      report.released += released;
      report.abandoned += abandoned;
    }),
  );
  await time.lastStep('Closing the producers', () =>
    each(owner.producers, async (producer) => {
      // Without a link nothing they wait for will come.
      const bounds = supervisor.status.link ? time.left : { timeout: 0 };
      report.abandoned += (await producer.close(bounds)).abandoned;
    }),
  );
  await time.lastStep('Closing the channels', () =>
    each([owner.control, ...owner.channels], (channel) => channel.close()),
  );
  await time.lastStep('Closing the link', () => supervisor.close());
  owner.closed();
  supervisor.status.change('closed');
  return report;
}

async function each<T>(members: Iterable<T>, close: (member: T) => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from(members, close));
}

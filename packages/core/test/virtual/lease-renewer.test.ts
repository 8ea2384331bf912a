import type { SettleOutcome } from '../../src/spi/envelope.ts';
import type { Clock } from '../../src/clock.ts';
import { LeaseRenewer, type Lease } from '../../src/reliability/lease-renewer.ts';
import { silentLogger } from '../../src/logger.ts';

/** A clock with one timer, which is all that the renewer may have. */
class OneTimer implements Clock {
  time = 0;
  next: { at: number; callback: () => void } | undefined;
  now(): number {
    return this.time;
  }
  setTimeout(callback: () => void, ms: number): { unref(): void } {
    expect(this.next).toBeUndefined();
    this.next = { at: this.time + ms, callback };
    return { unref() {} };
  }
  clearTimeout(): void {
    this.next = undefined;
  }
  async tick(): Promise<void> {
    const { at, callback } = this.next!;
    this.next = undefined;
    this.time = at;
    callback();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const start = (renew: (queue: string, receipts: readonly unknown[]) => Promise<void | readonly SettleOutcome[]>) => {
  const clock = new OneTimer();
  const held = new Set<Lease>();
  const lost: string[] = [];
  const renewer = new LeaseRenewer<Lease>({
    clock,
    logger: silentLogger,
    leaseMs: 300,
    held: () => held,
    isHeld: (lease) => held.has(lease),
    renew,
    lost: (lease) => {
      held.delete(lease);
      lost.push(String(lease.receipt));
    },
  });
  const lease = (queue: string, receipt: string): Lease => {
    const made = { queue, receipt, leaseUntil: clock.time + 300 };
    held.add(made);
    renewer.wake();
    return made;
  };
  return { clock, held, lost, renewer, lease };
};

describe('LeaseRenewer', () => {
  it('renews what is held, in one call per queue, at a third of the lease', async () => {
    const calls: string[] = [];
    const { clock, lease } = start(async (queue, receipts) => void calls.push(`${queue} ${receipts.join()}`));
    const first = lease('a', '1');
    lease('a', '2');
    lease('b', '3');
    await clock.tick();
    expect([clock.time, calls, first.leaseUntil]).toEqual([100, ['a 1,2', 'b 3'], 400]);
  });

  it('has a timer only while something is held', async () => {
    const { clock, held, lease } = start(async () => {});
    expect(clock.next).toBeUndefined();
    lease('a', '1');
    held.clear();
    await clock.tick();
    expect(clock.next).toBeUndefined();
  });

  it('splits calls at 1000 leases', async () => {
    const sizes: number[] = [];
    const { clock, lease } = start(async (_queue, receipts) => void sizes.push(receipts.length));
    for (let index = 0; index < 2001; index++) lease('a', String(index));
    await clock.tick();
    expect(sizes).toEqual([1000, 1000, 1]);
  });

  it('loses what the store says is lost, unless it was settled meanwhile', async () => {
    const { clock, held, lost, lease } = start(async () => {
      held.delete(settled);
      return ['lease-lost', 'ok', 'lease-lost'];
    });
    lease('a', '1');
    lease('a', '2');
    const settled = lease('a', '3');
    await clock.tick();
    expect(lost).toEqual(['1']);
  });

  it('keeps a lease through failures as long as it has time, and not longer', async () => {
    const { clock, lost, lease } = start(() => Promise.reject(new Error('no')));
    lease('a', '1');
    await clock.tick();
    await clock.tick();
    expect(lost).toEqual([]);
    await clock.tick();
    expect([clock.time, lost]).toEqual([300, ['1']]);
  });

  it('does not ask again while a renewal hangs, and loses the lease in time', async () => {
    let calls = 0;
    const { clock, lost, lease } = start(() => {
      calls += 1;
      return new Promise(() => {});
    });
    lease('a', '1');
    await clock.tick();
    await clock.tick();
    await clock.tick();
    expect([calls, lost]).toEqual([1, ['1']]);
  });

  it('does nothing any more once it is stopped', async () => {
    let answer: ((outcomes: readonly SettleOutcome[]) => void) | undefined;
    const { clock, lost, lease, renewer } = start(() => new Promise((resolve) => (answer = resolve)));
    lease('a', '1');
    await clock.tick();
    renewer.stop();
    renewer.wake();
    answer!(['lease-lost']);
    await new Promise((resolve) => setImmediate(resolve));
    expect([clock.next, lost]).toEqual([undefined, []]);
  });
});

import { silentLogger } from '../../src/logger.ts';
import type { Lease, LeaseRenewerParts } from '../../src/reliability/lease-renewer.ts';
import { LeaseRenewer } from '../../src/reliability/lease-renewer.ts';
import type { SettleOutcome } from '../../src/spi/envelope.ts';
import { StepClock } from './step-clock.ts';

const leaseMs = 30_000;

/** A renewer over a set of leases; `renew` stands in for the broker. */
function renewing(renew: LeaseRenewerParts<Lease>['renew'], maxLeaseMs = Infinity) {
  const clock = new StepClock();
  const held = new Set<Lease>();
  const lost: unknown[] = [];
  const calls: [string, number][] = [];
  const renewer = new LeaseRenewer<Lease>({
    clock,
    logger: silentLogger,
    leaseMs,
    maxLeaseMs,
    held: () => held,
    isHeld: (lease) => held.has(lease),
    renew: (queue, receipts) => {
      calls.push([queue, receipts.length]);
      return renew(queue, receipts);
    },
    lost: (lease) => {
      held.delete(lease);
      lost.push(lease.receipt);
    },
  });
  const take = (queue: string, receipt: unknown): Lease => {
    const now = clock.now();
    const lease: Lease = { queue, receipt, takenAt: now, leaseUntil: now + leaseMs, renewal: undefined };
    held.add(lease);
    renewer.wake();
    return lease;
  };
  return { clock, held, lost, calls, renewer, take };
}

describe('LeaseRenewer', () => {
  it('renews all that is held every third of the lease time, queue by queue, and sleeps when nothing is', async () => {
    const { clock, held, lost, calls, take } = renewing(async () => {});
    take('a', 1);
    take('a', 2);
    take('b', 3);
    await clock.advance(100_000);
    expect(calls).toHaveLength(20);
    expect(calls.slice(0, 2)).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(lost).toEqual([]);
    held.clear();
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  it('loses what the broker says is lost, and nothing else', async () => {
    const outcomes: SettleOutcome[] = ['ok', 'lease-lost', 'ok'];
    const { clock, lost, take } = renewing(async () => outcomes);
    for (const receipt of ['x', 'y', 'z']) take('a', receipt);
    await clock.advance(10_000);
    expect(lost).toEqual(['y']);
  });

  it('tries again after an error, and loses the lease only when its time is up', async () => {
    let fails = 1;
    const { clock, lost, take } = renewing(async () => {
      if (fails-- > 0) throw new Error('busy');
    });
    take('a', 1);
    await clock.advance(5000);
    const later = take('a', 2);
    await clock.advance(55_000);
    expect([lost, later.leaseUntil]).toEqual([[], clock.now() + leaseMs]);
    fails = Infinity;
    await clock.advance(leaseMs - 1);
    expect(lost).toEqual([]);
    await clock.advance(1);
    expect(lost).toEqual([1, 2]);
  });

  it('loses a lease at the moment when it ends, also between two ticks', async () => {
    const { clock, lost, take } = renewing(() => Promise.reject(new Error('busy')));
    take('a', 1);
    await clock.advance(4000);
    take('a', 2);
    await clock.advance(leaseMs - 1);
    expect(lost).toEqual([1]);
    await clock.advance(1);
    expect(lost).toEqual([1, 2]);
  });

  it('does not wait for an answer longer than the lease lasts', async () => {
    const { clock, lost, calls, take } = renewing(() => new Promise(() => {}));
    take('a', 1);
    await clock.advance(29_000);
    expect(lost).toEqual([]);
    await clock.advance(11_000);
    expect(lost).toEqual([1]);
    expect(calls).toHaveLength(1);
  });

  it('does not lose what was settled while its renewal was under way', async () => {
    let answer!: (outcomes: SettleOutcome[]) => void;
    const { clock, held, lost, take } = renewing(() => new Promise((resolve) => (answer = resolve)));
    const lease = take('a', 1);
    await clock.advance(10_000);
    held.delete(lease);
    answer(['lease-lost']);
    await clock.advance(1000);
    expect(lost).toEqual([]);
  });

  it('says which leases are being renewed, and asks for none that was settled meanwhile', async () => {
    const answers: (() => void)[] = [];
    const { clock, held, calls, renewer, take } = renewing(() => new Promise((resolve) => answers.push(resolve)));
    const leases = Array.from({ length: 2000 }, (_, n) => take('a', n));
    const [first, last] = [leases[0] as Lease, leases[1999] as Lease];
    await clock.advance(10_000);
    expect([first.renewal, last.renewal]).toEqual([expect.any(Promise), undefined]);
    const done: string[] = [];
    void first.renewal?.then(() => done.push('renewed'));
    void renewer.idle().then(() => done.push('idle'));
    held.delete(last);
    answers[0]?.();
    await clock.advance(0);
    expect([calls, first.renewal, done]).toEqual([
      [
        ['a', 1000],
        ['a', 999],
      ],
      undefined,
      ['renewed'],
    ]);
    answers[1]?.();
    await clock.advance(0);
    expect(done).toEqual(['renewed', 'idle']);
  });

  it('loses what ran out while this process stood still, without asking the broker', async () => {
    const { clock, lost, calls, take } = renewing(async () => {});
    take('a', 'old');
    clock.stall(leaseMs);
    take('a', 'new');
    await clock.advance(0);
    expect([lost, calls]).toEqual([['old'], [['a', 1]]]);
  });

  it('keeps a message no longer than the broker lets it, and says so while the lease has time', async () => {
    const { clock, lost, calls, take } = renewing(async () => {}, 100_000);
    const lease = take('a', 1);
    // The last renewal that ends within 100 seconds is the one after 70.
    await clock.advance(79_999);
    expect([lost, calls.length, lease.leaseUntil - lease.takenAt]).toEqual([[], 7, 100_000]);
    await clock.advance(1);
    expect([lost, calls.length]).toEqual([[1], 7]);
  });

  it('stops for good', async () => {
    const { clock, calls, renewer, take } = renewing(async () => {});
    take('a', 1);
    renewer.stop();
    renewer.wake();
    await clock.advance(100_000);
    expect(calls).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('renews in batches', async () => {
    const { clock, calls, take } = renewing(async () => {});
    for (let n = 0; n < 2500; n++) take('a', n);
    await clock.advance(10_000);
    expect(calls.map(([, count]) => count)).toEqual([1000, 1000, 500]);
  });
});

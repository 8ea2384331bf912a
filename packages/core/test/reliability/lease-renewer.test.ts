import { silentLogger } from '../../src/logger.ts';
import type { Lease, LeaseRenewerParts } from '../../src/reliability/lease-renewer.ts';
import { LeaseRenewer } from '../../src/reliability/lease-renewer.ts';
import type { SettleOutcome } from '../../src/spi/envelope.ts';
import { StepClock } from './step-clock.ts';

const leaseMs = 30_000;

/** A renewer over a set of leases; `renew` stands in for the broker. */
function renewing(renew: LeaseRenewerParts<Lease>['renew']) {
  const clock = new StepClock();
  const held = new Set<Lease>();
  const lost: unknown[] = [];
  const calls: [string, number][] = [];
  const renewer = new LeaseRenewer<Lease>({
    clock,
    logger: silentLogger,
    leaseMs,
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
    const lease = { queue, receipt, leaseUntil: clock.now() + leaseMs };
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
    let fails = 2;
    const { clock, lost, take } = renewing(async () => {
      if (fails-- > 0) throw new Error('busy');
    });
    take('a', 1);
    await clock.advance(60_000);
    expect(lost).toEqual([]);
    fails = Infinity;
    await clock.advance(20_000);
    expect(lost).toEqual([]);
    await clock.advance(20_000);
    expect(lost).toEqual([1]);
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

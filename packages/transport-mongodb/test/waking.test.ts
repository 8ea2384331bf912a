import { EventEmitter } from 'node:events';
import { silentLogger } from '@kombu/core/spi';
import { ManualClock } from '@kombu/testing';
import { ChangeWatch, type Changes } from '../src/change-watch.ts';
import { QueueWaits } from '../src/queue-waits.ts';
import { Scout } from '../src/scout.ts';
import { never } from '@kombu/test-kit';

class FakeChanges extends EventEmitter implements Changes {
  isClosed = false;
  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function fakeWatch() {
  const clock = new ManualClock();
  const streams: FakeChanges[] = [];
  const told: (string | undefined)[] = [];
  const watch = new ChangeWatch({
    clock,
    logger: silentLogger,
    changed: (queue) => told.push(queue),
    open: () => {
      const stream = new FakeChanges();
      streams.push(stream);
      return stream;
    },
  });
  return { clock, streams, told, watch, last: () => streams.at(-1) as FakeChanges };
}

describe('a change stream', () => {
  it('tells which queue may have a message', () => {
    const { watch, told, last } = fakeWatch();
    watch.start();
    watch.start();
    last().emit('change', { queue: 'q' });
    expect(told).toEqual(['q']);
  });

  it('R42: that breaks a thousand times is opened again, and everybody looks then', async () => {
    const { watch, told, clock, streams, last } = fakeWatch();
    watch.start();
    for (let round = 0; round < 1000; round++) {
      last().emit('resumeTokenChanged');
      expect(watch.isLive).toBe(true);
      last().emit('error', new Error('the cursor is gone'));
      expect(watch.isLive).toBe(false);
      await clock.advance(30_000);
    }
    expect(streams).toHaveLength(1001);
    expect(streams.filter(({ isClosed }) => !isClosed)).toHaveLength(1);
    expect(told).toEqual(Array.from({ length: 1000 }, () => undefined));
  });

  it('that a server does not have is not asked for again', async () => {
    const { watch, clock, streams, last } = fakeWatch();
    watch.start();
    last().emit('error', Object.assign(new Error('only on replica sets'), { code: 40_573 }));
    await clock.advance(1_000_000);
    watch.start();
    expect(streams).toHaveLength(1);
  });

  it('leaves nothing behind when it is stopped', async () => {
    const { watch, clock, streams, last } = fakeWatch();
    watch.start();
    last().emit('error', new Error('broken'));
    await watch.stop();
    await clock.advance(1_000_000);
    expect([streams.length, clock.pending]).toEqual([1, 0]);
  });
});

function fakeScout() {
  const clock = new ManualClock();
  const waits = new QueueWaits();
  const looks: (readonly string[])[] = [];
  const full = new Set<string>();
  const scout = new Scout({
    clock,
    waits,
    logger: silentLogger,
    longestMs: () => 1000,
    look: async (queues) => {
      looks.push(queues);
      return queues.filter((queue) => full.has(queue));
    },
  });
  return { clock, waits, looks, full, scout };
}

describe('looking', () => {
  it('R42: costs an idle process one question a second, for all its queues together', async () => {
    const { clock, waits, looks, scout } = fakeScout();
    for (let index = 0; index < 200; index++) {
      void waits.during(`q${index}`, never, async (wait) => {
        scout.start();
        await wait.rest(10_000_000, clock);
      });
    }
    for (let second = 0; second < 600; second++) await clock.advance(1000);
    expect(looks.length).toBeLessThanOrEqual(610);
    expect(looks.length).toBeGreaterThan(500);
    expect(looks.at(-1)).toHaveLength(200);
    scout.stop();
  });

  it('wakes those whose queue has a message, and is quick again then', async () => {
    const { clock, waits, looks, full, scout } = fakeScout();
    const woken: string[] = [];
    for (const queue of ['a', 'b']) {
      void waits.during(queue, never, async (wait) => {
        scout.start();
        await wait.rest(10_000_000, clock);
        woken.push(queue);
      });
    }
    for (let second = 0; second < 20; second++) await clock.advance(1000);
    const before = looks.length;
    full.add('b');
    await clock.advance(2000);
    expect(woken).toEqual(['b']);
    expect(looks.length).toBeGreaterThan(before + 4);
    scout.stop();
  });

  it('ends when nobody waits', async () => {
    const { clock, waits, looks, scout } = fakeScout();
    const abort = new AbortController();
    const waiting = waits.during('q', abort.signal, async (wait) => {
      scout.start();
      await wait.rest(10_000_000, clock);
    });
    abort.abort();
    await waiting;
    await clock.advance(100_000);
    expect([looks.length, clock.pending]).toEqual([0, 0]);
  });
});

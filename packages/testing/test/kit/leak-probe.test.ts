import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';

import { LeakProbe } from '../../src/leak-probe.ts';
import { ManualClock } from '../../src/manual-clock.ts';

const noop = (): void => {};
const impatient = { timeoutMs: 20 };

/** Kept reachable, so that no collection takes it away. */
const hoard: unknown[] = [];

describe('LeakProbe', () => {
  it('is content when nothing is left over', async () => {
    const probe = await LeakProbe.start({ emitters: { bus: new EventEmitter() }, heap: true });
    clearTimeout(setTimeout(noop, 10_000));
    clearInterval(setInterval(noop, 10_000));
    await new Promise((resolve) => setTimeout(resolve, 1));
    await probe.assertClean();
    expect(probe.compare().filter(({ name, after, before }) => name !== 'heap bytes' && after > before)).toEqual([]);
  });

  it.each([
    ['a timer', (): NodeJS.Timeout => setTimeout(noop, 60_000)],
    ['a timer that holds no process', (): NodeJS.Timeout => setTimeout(noop, 60_000).unref()],
    ['an interval', (): NodeJS.Timeout => setInterval(noop, 60_000)],
  ])('finds %s, and where it was set', async (_, leak) => {
    const probe = await LeakProbe.start();
    const timer = leak();
    const failure = probe.assertClean(impatient);
    await expect(failure).rejects.toThrow(/timer set at .*leak-probe\.test\.ts.*: 0 before, 1 now/);
    clearTimeout(timer);
  });

  it('finds a timer without following each one, if it holds the process', async () => {
    const probe = await LeakProbe.start({ timers: false });
    const timer = setTimeout(noop, 60_000);
    expect(probe.compare()).toContainEqual(expect.objectContaining({ name: 'resource Timeout' }));
    clearTimeout(timer);
    await probe.assertClean();
  });

  it('finds a socket and a server, and waits until they are closed', async () => {
    const probe = await LeakProbe.start();
    const server = createServer((peer) => peer.on('end', () => peer.end()).resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    socket.unref();
    server.unref();
    const names = probe.compare().map(({ name }) => name);
    // An unreferenced handle is no active resource, but it is a descriptor.
    expect(names).toContain(process.platform === 'linux' ? 'descriptor socket' : 'resource TCPSocketWrap');
    socket.end();
    server.close();
    await probe.assertClean();
  });

  it('finds listeners of the process and of emitters', async () => {
    const bus = new EventEmitter();
    const probe = await LeakProbe.start({ emitters: { bus } });
    process.on('SIGUSR2', noop);
    bus.on('message', noop).on('message', noop);
    await expect(probe.assertClean(impatient)).rejects.toThrow(
      /listener bus message: 0 before, 2 now\n.*listener process SIGUSR2: 0 before, 1 now/,
    );
    process.off('SIGUSR2', noop);
  });

  it('finds a number that grew, and lets one shrink', async () => {
    const clock = new ManualClock();
    const timer = clock.setTimeout(noop, 1000);
    const probe = await LeakProbe.start({ gauges: { 'virtual timers': () => clock.pending, one: () => hoard.length } });
    clock.clearTimeout(timer);
    expect(probe.compare()).toEqual([{ name: 'gauge virtual timers', before: 1, after: 0 }]);
    for (const delay of [1, 2]) clock.setTimeout(noop, delay);
    await expect(probe.assertClean(impatient)).rejects.toThrow('gauge virtual timers: 1 before, 2 now');
  });

  it('finds a heap that grew beyond what is allowed', async () => {
    const probe = await LeakProbe.start({ heap: true });
    hoard.push(Array.from({ length: 400_000 }, (_, index) => ({ index })));
    await expect(probe.assertClean({ ...impatient, maxHeapGrowth: 2_000_000 })).rejects.toThrow(/heap bytes/);
    hoard.length = 0;
  });

  it('ignores what it is told to ignore', async () => {
    const probe = await LeakProbe.start();
    const timer = setTimeout(noop, 60_000);
    process.on('SIGUSR2', noop);
    await probe.assertClean({ ignore: ['listener process SIGUSR2', /^timer set at .*leak-probe/] });
    process.off('SIGUSR2', noop);
    clearTimeout(timer);
  });

  it('follows no timers once it is stopped', async () => {
    const probe = await LeakProbe.start();
    probe.stop();
    const timer = setTimeout(noop, 60_000);
    expect(probe.compare().filter(({ name }) => name.startsWith('timer'))).toEqual([]);
    clearTimeout(timer);
  });
});

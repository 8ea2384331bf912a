import { setTimeout } from 'node:timers/promises';
import { Connection, Queue } from '@kombu/core';
import { describePrivateService, describeService, type ZooKeeper } from '@kombu/services';
import { LeakProbe, TcpProxy } from '@kombu/testing';
import { zookeeperTransport } from '../src/index.ts';
import { envelope, outgoing, payloadsOf, receiptsOf, take } from './support/messages.ts';
import { faultScript } from './support/fault-script.ts';
import { placesOf } from './support/places.ts';
import { connectRaw, type Raw } from './support/raw.ts';
import { startWorker, type Worker } from './support/start-worker.ts';
import { inNewRoot, openTestStore } from './support/stores.ts';
import { never, until } from '@kombu/test-kit';

const sessionTimeout = 1000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

await describeService('zookeeper', 'a link that breaks', (zookeeper) => {
  const url = inNewRoot(zookeeper.url);
  let raw: Raw;
  let proxy: TcpProxy;
  let proxied: string;

  beforeAll(async () => {
    raw = await connectRaw(url);
    const { hostname, port } = new URL(url);
    proxy = await TcpProxy.listen({ target: { host: hostname, port: Number(port) } });
    proxied = proxy.url(url);
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await proxy.close();
    await raw.close();
  });

  it.each(['both', 'upstream', 'downstream'] as const)(
    'is found out while it is cut, before the messages are given to others (R16, R38: %s)',
    async (direction) => {
      const [cut, other] = [await openTestStore(proxied, { sessionTimeout }), await openTestStore(url)];
      const queue = `cut-${direction}`;
      await other.put(queue, [outgoing('a')]);
      const [mine] = await take(cut, queue);
      const waiting = cut
        .get(queue, { max: 1, waitMs: 60_000, noAck: true, signal: never })
        .catch((error: unknown) => error);
      proxy.blackhole(direction === 'both' ? undefined : direction);
      expect(await cut.closed).toMatchObject({
        code: 'CONNECTION_LOST',
        message: expect.stringContaining('heard') as string,
      });
      // Nobody else has it before.
      expect(await take(other, queue)).toEqual([]);
      expect(await waiting).toMatchObject({ code: 'CONNECTION_LOST' });
      await expect(cut.ack(queue, receiptsOf(mine ? [mine] : []))).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
      const back = await other.get(queue, { max: 1, waitMs: 10_000, noAck: false, signal: never });
      expect(back).toMatchObject([{ payload: 'a', redelivered: true }]);
      expect(await other.ack(queue, receiptsOf(back))).toEqual(['ok']);
      await Promise.all([cut.close(), other.close()]);
    },
  );

  it('carries nothing while its readers wait, and wakes them', async () => {
    const [store, other] = [await openTestStore(proxied), await openTestStore(url)];
    await store.put('idle', [outgoing('a')]);
    await store.ack('idle', receiptsOf(await take(store, 'idle')));
    const look = (): ReturnType<typeof take> => store.get('idle', { max: 1, waitMs: 20, noAck: false, signal: never });
    await look();
    const before = proxy.bytes.upstream;
    for (let round = 0; round < 10; round++) expect(await look()).toEqual([]);
    // Signs of life may come between, of 12 bytes each.
    expect(proxy.bytes.upstream - before).toBeLessThanOrEqual(24);
    const waiting = store.get('idle', { max: 1, waitMs: 10_000, noAck: false, signal: never });
    await other.put('idle', [outgoing('b')]);
    expect(payloadsOf(await waiting)).toEqual(['b']);
    await Promise.all([store.close(), other.close()]);
  });

  it('stays when it is only idle', async () => {
    const store = await openTestStore(proxied, { sessionTimeout });
    await setTimeout(2 * sessionTimeout);
    expect(await store.exists('nothing')).toBe(false);
    await store.close();
  });

  it('is not mended by the client library, whose session would be another one', async () => {
    const store = await openTestStore(proxied, { sessionTimeout });
    const { accepted } = proxy;
    proxy.reset();
    expect(await store.closed).toMatchObject({ code: 'CONNECTION_LOST' });
    await setTimeout(100);
    expect(proxy.accepted).toBe(accepted);
    await store.close();
  });

  it.each(['reset', 'blackhole', 'halfClose'] as const)('costs no message of a consumer (%s)', async (fault) => {
    const connection = new Connection(proxied, {
      transport: zookeeperTransport,
      transportOptions: { sessionTimeout, hostTimeout: 200 },
      recovery: { intervalStart: 10, intervalStep: 10, intervalMax: 50 },
      logger: silent,
    });
    const got: string[] = [];
    await connection.consume(new Queue<string>(fault), async (body, message) => {
      got.push(body);
      await message.ack();
    });
    await using publishing = new Connection(url, { transport: zookeeperTransport });
    const publish = (body: string): Promise<unknown> => publishing.producer().publish(body, { routingKey: fault });
    for (const [index, outage] of [20, 400, 1200].entries()) {
      proxy[fault]();
      await publish(`during ${index}`);
      await setTimeout(outage);
      await proxy.heal();
      await publish(`after ${index}`);
      await until('both are delivered', () => got.includes(`during ${index}`) && got.includes(`after ${index}`));
    }
    await connection.close();
  });

  it.each(['upstream', 'downstream'] as const)(
    'in the middle of a claim leaves each message in one place (%s)',
    async (direction) => {
      const queue = `bytes-${direction}`;
      const other = await openTestStore(url);
      for (let bytes = 0, isDone = false; !isDone; bytes += direction === 'upstream' ? 37 : 53) {
        await other.put(queue, [outgoing('a'), outgoing('b'), outgoing('c')]);
        const store = await openTestStore(proxied, { sessionTimeout });
        proxy.cutAfter(bytes, direction);
        const result = await take(store, queue).then(
          (messages) => messages.length,
          () => 0,
        );
        // Maybe it was cut after the answers to all of them.
        isDone = result === 3 && (await store.exists(queue).catch(() => false));
        await proxy.heal();
        const { ready, claimed } = await placesOf(raw, queue);
        const places = [...ready, ...claimed];
        expect(new Set(places.map((name) => name.slice(0, 20))).size).toBe(3);
        await store.close();
        await other.delete(queue);
      }
      await other.close();
    },
    60_000,
  );

  it('does not keep close from ending, nor leaves anything behind (R10)', async () => {
    using probe = await LeakProbe.start();
    for (const fault of ['blackhole', 'stall', 'reset', 'refuse'] as const) {
      const store = await openTestStore(proxied, { sessionTimeout });
      await store.put('close', [outgoing('a')]);
      await take(store, 'close');
      const waiting = store.get('close', { max: 1, waitMs: 60_000, noAck: false, signal: never }).catch(() => []);
      proxy[fault]();
      await Promise.all([store.close(), waiting]);
      await proxy.heal();
    }
    await probe.assertClean();
  });

  it('and a process that is killed again and again lose nothing', async () => {
    const workers: Worker[] = [];
    const store = await openTestStore(url);
    const linesOf = (start: string): Set<string> =>
      new Set(workers.flatMap(({ lines }) => lines).filter((line) => line.startsWith(start)));
    try {
      for (let round = 0; round < 3; round++) {
        const worker = await startWorker(url, { sessionTimeout }, 'kill', 'ack');
        workers.push(worker);
        const before = worker.lines.length;
        const bodies = Array.from({ length: 500 }, (_, index) => outgoing(envelope(`${round}:${index}`, 'kill')));
        const putting = store.put('kill', bodies);
        await until('the worker works', () => worker.lines.length > before);
        await setTimeout(round * 7);
        await worker.kill();
        await putting;
        const { ready, claimed } = await placesOf(raw, 'kill');
        const entries = new Set([...ready, ...claimed].map((name) => name.slice(0, 20)));
        // What is in neither place was settled, and whoever settles a message has got it before.
        const gone = (round + 1) * 500 - entries.size;
        expect(gone).toBeGreaterThanOrEqual(linesOf('ok ').size);
        expect(gone).toBeLessThanOrEqual(linesOf('got ').size);
      }
      workers.push(await startWorker(url, { sessionTimeout }, 'kill', 'ack'));
      const isDone = async (): Promise<boolean> => {
        const { ready, claimed } = await placesOf(raw, 'kill');
        return ready.length + claimed.length === 0;
      };
      await until('all is done', isDone, 20_000);
      expect(linesOf('got ').size).toBe(1500);
    } finally {
      await Promise.all([store.close(), ...workers.map((worker) => worker.kill())]);
    }
  }, 90_000);

  it('of a killed consumer gives its message to another one, once its session is over (R2)', async () => {
    const worker = await startWorker(url, { sessionTimeout }, 'kill', 'hold');
    await raw.put('kill', envelope('held', 'kill'));
    await until('it is held', () => worker.lines.includes('got held'));
    const other = await openTestStore(url);
    await setTimeout(2 * sessionTimeout);
    // Twice as long as a session: the process lives, and keeps it.
    expect(await take(other, 'kill')).toEqual([]);
    await worker.kill();
    const back = await other.get('kill', { max: 1, waitMs: 10_000, noAck: false, signal: never });
    expect(back).toMatchObject([{ redelivered: true, deliveryCount: 1 }]);
    await other.ack('kill', receiptsOf(back));
    await other.close();
  }, 60_000);

  it.each([1, 2, 3])(
    'again and again leaves every consumer hearing, and nothing lost (R1, R4: script %i)',
    (seed) => {
      return faultScript(url, seed);
    },
    60_000,
  );
});

await describePrivateService('zookeeper', 'a server that fails', (start) => {
  let zookeeper: ZooKeeper;
  beforeAll(async () => {
    zookeeper = await start();
  });
  afterAll(() => zookeeper.close());

  it('is left for another one; a message in work comes back marked (R32, R38)', async () => {
    const connection = new Connection(zookeeper.url, {
      transport: zookeeperTransport,
      transportOptions: { sessionTimeout },
      recovery: { intervalStart: 10, intervalStep: 10, intervalMax: 100 },
      logger: silent,
    });
    const outcomes: string[] = [];
    let release: (() => void) | undefined;
    await connection.consume(new Queue<string>('q'), async (body, message) => {
      if (!message.deliveryInfo.redelivered) await new Promise<void>((resolve) => (release = resolve));
      outcomes.push(`${body} ${message.deliveryInfo.redelivered} ${await message.ack()}`);
    });
    await connection.producer().publish('a', { routingKey: 'q' });
    await until('it is in work', () => release !== undefined);
    await zookeeper.kill();
    await zookeeper.start();
    release?.();
    await until('it came again', () => outcomes.length === 2, 20_000);
    expect(outcomes.toSorted()).toEqual(['a false lease-lost', 'a true ok']);
    await connection.close();
  }, 60_000);

  it('and answers no more is given up, and taken up again when it answers', async () => {
    const store = await openTestStore(zookeeper.url, { sessionTimeout });
    await store.put('paused', [outgoing('a')]);
    zookeeper.pause();
    try {
      expect(await store.closed).toMatchObject({ code: 'CONNECTION_LOST' });
      await expect(openTestStore(zookeeper.url, { hostTimeout: 100 })).rejects.toMatchObject({
        code: 'CONNECTION_FAILED',
      });
    } finally {
      zookeeper.resume();
    }
    const again = await openTestStore(zookeeper.url);
    expect(payloadsOf(await take(again, 'paused'))).toEqual(['a']);
    await Promise.all([store.close(), again.close()]);
  });
});

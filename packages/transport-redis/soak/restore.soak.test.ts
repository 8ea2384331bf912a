import { describeService } from '@kombu/services';
import { connectRaw } from '../test/support/raw.ts';
import { newPrefix, openTestStore } from '../test/support/stores.ts';
import { envelope, outgoing, receiptsOf, take } from '../test/support/messages.ts';
import { until } from '@kombu/test-kit';

const leases = 50_000;

await describeService('redis', 'leases', ({ url }) => {
  it('R21: of 50,000 overdue leases all are restored by the first visit, each once, and nothing is left behind', async () => {
    const globalKeyprefix = newPrefix();
    const raw = await connectRaw(url);
    const dead = await openTestStore(url, { globalKeyprefix, unackedRestoreInterval: 3_600_000 });
    for (let start = 0; start < leases; start += 1000) {
      const some = Array.from({ length: 1000 }, (_, index) => outgoing(envelope(`t${start + index}`)));
      await dead.put('q', some);
    }
    for (let taken = 0; taken < leases; taken += 500) expect(await take(dead, 'q', 500)).toHaveLength(500);
    await dead.close();
    // As time does it.
    await raw.eval(
      `for _, claim in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZINCRBY', KEYS[1], -7200, claim) end`,
      1,
      `${globalKeyprefix}unacked_index`,
    );
    const store = await openTestStore(url, { globalKeyprefix, unackedRestoreInterval: 3_600_000 });
    // Finding nothing is what makes it visit, once within an hour.
    await store.get('other', { max: 1, waitMs: 1, noAck: false, signal: AbortSignal.timeout(10) });
    await until('all are ready again', async () => (await raw.llen(`${globalKeyprefix}q`)) === leases, 60_000);
    expect(await raw.exists(`${globalKeyprefix}unacked`, `${globalKeyprefix}unacked_index`)).toBe(0);
    const tags = new Set<string>();
    for (let some = await take(store, 'q', 500); some.length > 0; some = await take(store, 'q', 500)) {
      for (const { payload } of some) tags.add(/"delivery_tag":"(t\d+)"/.exec(payload)?.[1] ?? '');
      await store.ack('q', receiptsOf(some));
    }
    expect(tags.size).toBe(leases);
    expect(await raw.keys(`${globalKeyprefix}*`)).toEqual([]);
    await store.close();
    await raw.quit();
  }, 300_000);
});

import { KombuError, transports } from '@kombu/core';
import type { MemoryTransport } from '@kombu/testing';
import { createMemoryTransport } from '@kombu/testing';
import { runDemo } from '../src/demo.ts';
import { formatReport } from '../src/report.ts';
import { recordedOutput } from './recorded-output.ts';

const url = 'memory://demo-test';

async function withTransport(transport: MemoryTransport, body: () => Promise<void>): Promise<void> {
  transports.register(transport);
  try {
    await body();
  } finally {
    transports.unregister(transport);
    transport.reset();
  }
}

describe('the demo', () => {
  it('accounts for every message, and leaves nothing behind', async () => {
    const transport = createMemoryTransport();
    await withTransport(transport, async () => {
      const output = recordedOutput();
      const report = await runDemo({ url, timeout: 60_000, output });

      expect(report).toMatchObject({ ok: true, messages: 1506, published: 1506, guarantees: ['confirmed'] });
      const books = report.queues.map((each) => [each.queue, each.expected, each.routed, each.acked, each.requeued]);
      expect(books).toEqual([
        ['everything', 502, 502, 502, 10],
        ['pull-requests', 46, 46, 46, 0],
        ['opened', 13, 13, 13, 0],
        ['issues', 52, 52, 52, 2],
        ['without-action', 71, 71, 71, 0],
        ['triage', 65, 65, 65, 0],
        ['event-push', 9, 9, 9, 2],
        ['event-issues', 52, 52, 52, 0],
        ['event-release', 15, 15, 15, 0],
        ['audit-log', 502, 502, 502, 0],
        ['audit-metrics', 502, 502, 502, 0],
        ['audit-archive', 502, 502, 502, 5],
      ]);
      for (const { delivered, routed, requeued } of report.queues) expect(delivered).toBe(routed + requeued);
      expect(report.latencies).toHaveLength(2331);
      expect(output.text()).toContain('{"name":"/tmp/lolcat1.avi","size":1301013}');
      expect(output.text()).toContain('Every message is accounted for.');
      // A broker in memory goes with its last connection, unless something durable is left in it.
      expect(transport.broker('demo-test')).toBeUndefined();
    });
  });

  it('leaves out what the transport cannot do, and says so', async () => {
    const memory = createMemoryTransport();
    const capabilities = { ...memory.capabilities, exchangeTypes: ['direct', 'topic'] };
    const transport = { ...memory, capabilities };
    await withTransport(transport, async () => {
      const output = recordedOutput();
      const report = await runDemo({ url, timeout: 60_000, output });
      expect(report.ok).toBe(true);
      expect(report.queues.map(({ exchange }) => exchange)).not.toContain('demo.github.audit');
      expect(output.text()).toContain('left out: demo.github.audit, for this transport has no fanout exchanges');
    });
  });

  it.each(['nosuch://localhost', 'memory://demo?colour=red', '://'])(
    'rejects with what the library says about %s',
    async (bad) => {
      await withTransport(createMemoryTransport(), async () => {
        const running = runDemo({ url: bad, timeout: 60_000, output: recordedOutput() });
        await expect(running).rejects.toBeInstanceOf(KombuError);
      });
    },
  );
});

describe('the report', () => {
  it('names what is missing', () => {
    const queue = {
      queue: 'q',
      exchange: 'e',
      expected: 2,
      routed: 1,
      delivered: 1,
      acked: 1,
      requeued: 0,
      shares: [1],
    };
    const text = formatReport({
      queues: [{ ...queue, ok: false, problems: ['1 never came: e/2'] }],
      messages: 2,
      published: 2,
      guarantees: ['sent'],
      seconds: 0.5,
      latencies: [1, 2, 3, 4],
      ok: false,
    });
    expect(text).toContain('NOT every message is accounted for:\n  q: 1 never came: e/2');
    expect(text).toContain('4 published/s');
    expect(text).toContain('p50 2.0 ms, p95 4.0 ms, p99 4.0 ms');
  });
});

import { transports } from '@kombu/core';
import type { OutgoingMessage, QueueStore } from '@kombu/core/spi';
import { createMemoryTransport } from '@kombu/testing';
import type { DemoReport } from '../src/report.ts';
import { routeWebhooks } from '../src/route-webhooks.ts';
import { readWebhooks } from '../src/webhooks.ts';
import { recordedOutput } from './recorded-output.ts';

const victim = 'demo.github.events/3"';

type Put = (messages: readonly OutgoingMessage[]) => readonly OutgoingMessage[];

/** What the demo reports over a broker whose queue `everything` does not store what it was given. */
async function reportOver(change: Put): Promise<DemoReport> {
  const wrapStore = (store: QueueStore): QueueStore => {
    const put = store.put.bind(store);
    store.put = (queue, messages) => put(queue, queue.startsWith('demo.everything') ? change(messages) : messages);
    return store;
  };
  const transport = createMemoryTransport({ wrapStore });
  transports.register(transport);
  const deadline = new AbortController();
  // Nothing more will come when all is handled but the victim.
  const output = recordedOutput((done, total) => done === total - 1 && setImmediate(() => deadline.abort()));
  try {
    return await routeWebhooks('memory://faulty', 'test', readWebhooks().slice(0, 10), output, deadline.signal);
  } finally {
    transports.unregister(transport);
    transport.reset();
  }
}

const problemsOf = (report: DemoReport): readonly (readonly string[])[] =>
  report.queues.filter(({ ok }) => !ok).map(({ queue, problems }) => [queue, ...problems]);

describe('routing webhooks over a broker that is not to be trusted', () => {
  it('is content with one that is', async () => {
    const report = await reportOver((messages) => messages);
    expect(report.ok).toBe(true);
  });

  it('finds a lost message', async () => {
    const report = await reportOver((messages) => messages.filter(({ payload }) => !payload.includes(victim)));
    expect(report.ok).toBe(false);
    expect(problemsOf(report)).toEqual([['everything', '1 never came: demo.github.events/3']]);
  });

  it('finds a message that comes twice', async () => {
    const report = await reportOver((messages) =>
      messages.flatMap((message) => (message.payload.includes(victim) ? [message, message] : [message])),
    );
    expect(report.ok).toBe(false);
    expect(problemsOf(report)).toEqual([['everything', '1 came more often than was asked for: demo.github.events/3']]);
  });

  it('finds a message with the wrong body', async () => {
    const report = await reportOver((messages) =>
      messages.map((message) => ({
        ...message,
        payload: message.payload.includes(victim)
          ? message.payload.replace(/"body":"[^"]*"/, `"body":"${Buffer.from('{}').toString('base64')}"`)
          : message.payload,
      })),
    );
    expect(report.ok).toBe(false);
    expect(problemsOf(report)).toEqual([['everything', '1 came with another body: demo.github.events/3']]);
  });
});

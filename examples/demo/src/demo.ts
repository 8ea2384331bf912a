import { randomBytes } from 'node:crypto';
import { redactUrl } from '@kombu/core';
import type { Output } from './output.ts';
import { quickOverview } from './quick-overview.ts';
import type { DemoReport } from './report.ts';
import { formatReport } from './report.ts';
import { routeWebhooks } from './route-webhooks.ts';
import { readWebhooks } from './webhooks.ts';
import { withDeadline } from './with-deadline.ts';

export interface DemoOptions {
  /** Any broker that @kombu knows. */
  readonly url: string;
  /** Milliseconds for everything but the cleaning up. */
  readonly timeout: number;
  readonly output: Output;
  /** Ends it early; what was declared is deleted all the same. */
  readonly signal?: AbortSignal;
}

/** Runs the demo; the report says whether every message is accounted for. Rejects when the broker cannot be used. */
export async function runDemo({ url, timeout, output, signal: stop }: DemoOptions): Promise<DemoReport> {
  // Ends all names of this run, so that several can share a broker.
  const run = randomBytes(4).toString('hex');
  return withDeadline(timeout, stop, async (signal) => {
    output.line(`Broker: ${redactUrl(url)}`);
    output.line('');
    output.line('1. Quick overview: one message');
    await quickOverview(url, run, output);

    const webhooks = readWebhooks();
    output.line('');
    output.line(`2. ${webhooks.length} GitHub webhooks through topic, direct and fanout exchanges`);
    const report = await routeWebhooks(url, run, webhooks, output, signal);
    output.line(formatReport(report));
    if (signal.aborted) output.line((signal.reason as Error).message);
    return report;
  });
}

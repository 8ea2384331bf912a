import { Connection } from '@kombu/core';
import { consumeAll, leftovers } from './consume-all.ts';
import { deleteAfterwards } from './delete-afterwards.ts';
import type { Output } from './output.ts';
import { planRoutes } from './plan.ts';
import type { Route } from './plan.ts';
import { publishAll } from './publish-all.ts';
import type { DemoReport } from './report.ts';
import { Traffic } from './traffic.ts';
import type { Webhook } from './webhooks.ts';

/** Sends real webhooks through each type of exchange to several consumers, and accounts for every single one. */
export async function routeWebhooks(
  url: string,
  run: string,
  webhooks: readonly Webhook[],
  output: Output,
  signal: AbortSignal,
): Promise<DemoReport> {
  await using connection = new Connection(url);
  await connection.connect({ signal });
  const routes = possibleRoutes(connection, planRoutes(run), output);
  const queues = routes.flatMap((route) => route.queues.map(({ queue }) => queue));
  const entities = [...routes.map(({ exchange }) => exchange), ...queues];
  await using _ = deleteAfterwards(connection, entities, output);
  for (const entity of entities) await entity.declare(connection, { signal });

  for (const route of routes) output.line(describe(route));

  const traffic = new Traffic(routes, webhooks);
  await handleAll(connection, traffic, output, signal);
  await leftovers(connection, traffic);
  return traffic.report();
}

async function handleAll(connection: Connection, traffic: Traffic, output: Output, signal: AbortSignal): Promise<void> {
  const progress = output.progress(traffic.outstanding, 'messages handled');
  traffic.onProgress = (done) => progress.update(done);
  signal.addEventListener('abort', () => traffic.abandon(), { once: true });
  const consumers = await consumeAll(connection, traffic);
  try {
    await publishAll(connection, traffic);
  } finally {
    progress.stop();
    await Promise.all(consumers.map((consumer) => consumer.close({ timeout: 5000 })));
  }
}

function describe({ label, exchange, queues }: Route): string {
  const lines = queues.map((each) => `    ${each.label.padEnd(16)} <- ${each.from}`);
  return [`  ${label} (${exchange.type})`, ...lines].join('\n');
}

/** Leaves out what this broker cannot do, and says so. */
function possibleRoutes(connection: Connection, routes: readonly Route[], output: Output): readonly Route[] {
  const types = connection.capabilities?.exchangeTypes ?? [];
  return routes.filter(({ label, exchange }) => {
    if (types.includes(exchange.type)) return true;
    output.line(`  left out: ${label}, for this transport has no ${exchange.type} exchanges`);
    return false;
  });
}

import { writeFileSync } from 'node:fs';
import { runCase, transportConformance, transportHarness } from '../../src/conformance/index.ts';
import { consumerDefects } from './defects/consumer-defects.ts';
import { lifeDefects } from './defects/life-defects.ts';
import { messageDefects } from './defects/message-defects.ts';
import { routingDefects } from './defects/routing-defects.ts';
import { settleDefects } from './defects/settle-defects.ts';
import { timeDefects } from './defects/time-defects.ts';
import { topologyDefects } from './defects/topology-defects.ts';
import { memoryHarness } from './memory.ts';
it('dump', async () => {
  let out = '';
  for (const d of [messageDefects, routingDefects, topologyDefects, consumerDefects, settleDefects, timeDefects, lifeDefects].flat()) {
    const c = transportConformance.find((e) => e.id === d.caughtBy)!;
    const r = await runCase(c, transportHarness({ ...memoryHarness, transport: d.transport }));
    out += `${r.status} ${d.caughtBy} | ${d.name} | ${Math.round(r.ms)}ms | ${String((r.error as Error)?.message ?? r.error).replaceAll('\n', ' ').slice(0, 170)}\n`;
  }
  writeFileSync('/tmp/dump.txt', out);
}, 100000);

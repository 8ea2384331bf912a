import type { CaseResult, StoreHarnessOptions } from '../../src/conformance/index.ts';
import {
  runCase,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
} from '../../src/conformance/index.ts';
import { consumerDefects } from './defects/consumer-defects.ts';
import { lifeDefects } from './defects/life-defects.ts';
import { messageDefects } from './defects/message-defects.ts';
import type { Defect } from './defects/plant.ts';
import { storeOf } from './defects/plant.ts';
import { routingDefects } from './defects/routing-defects.ts';
import { settleDefects } from './defects/settle-defects.ts';
import { storeDefects } from './defects/store-defects.ts';
import { timeDefects } from './defects/time-defects.ts';
import { topologyDefects } from './defects/topology-defects.ts';
import { memoryHarness, memoryStores } from './memory.ts';

/** Each fault turns the case red that is named after it: a suite that stays green over a broken transport proves nothing. */
const defects: readonly Defect[] = [
  messageDefects,
  routingDefects,
  topologyDefects,
  consumerDefects,
  settleDefects,
  timeDefects,
  lifeDefects,
].flat();

function run(id: string, transport: Defect['transport']): Promise<CaseResult> {
  const found = transportConformance.find((each) => each.id === id);
  if (!found) throw new Error(`there is no case ${id}`);
  return runCase(found, transportHarness({ ...memoryHarness, transport }));
}

it('the defects have names of their own', () => {
  expect(new Set(defects.map((defect) => defect.name)).size).toBe(defects.length);
});

it.each(defects)('$caughtBy finds: $name', async ({ caughtBy, transport }) => {
  const { status, error } = await run(caughtBy, transport);
  expect(status).toBe('fail');
  // Red for what the transport does, and not because the planted fault itself breaks.
  expect(error).not.toBeInstanceOf(TypeError);
  expect(error).toHaveProperty('code');
});

it.each(storeDefects)('$caughtBy of the store finds: $name', async ({ caughtBy, plant }) => {
  const found = storeConformance.find((each) => each.id === caughtBy);
  if (!found) throw new Error(`there is no case ${caughtBy}`);
  const stores: StoreHarnessOptions['stores'] = (clock) => {
    const open = memoryStores.stores(clock);
    return async () => {
      const inner = storeOf(await open());
      return { ...inner, ...plant(inner, clock) };
    };
  };
  const { status, error } = await runCase(found, storeHarness({ ...memoryStores, stores }));
  expect(status).toBe('fail');
  expect(error).toHaveProperty('code', 'ERR_ASSERTION');
});

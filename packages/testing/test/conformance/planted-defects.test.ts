import type { Case, CaseResult, Harness } from '../../src/conformance/index.ts';
import {
  runCase,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
} from '../../src/conformance/index.ts';
import { storeDefects, transportDefects } from './defects/index.ts';
import type { Defect, StoreDefect } from './defects/plant.ts';
import { blockPlanted, plant, putRawPlanted, restartPlanted, storeOf } from './defects/plant.ts';
import { fullStores, memoryHarness } from './memory.ts';

// Each fault turns the case red that is named after it: a suite that stays green over a broken transport proves nothing.
// That the undamaged transport is all green stands in memory.test.ts.

const hooks = {
  restartBroker: restartPlanted,
  putRaw: putRawPlanted,
  blockPublishers: blockPlanted,
  unreachableUrl: 'memory://nobody',
};

const damaged = ({ transport }: Defect): ReturnType<typeof transportHarness> =>
  transportHarness({ ...memoryHarness, ...hooks, transport });

const damagedStore = ({ plant: faultsOf }: StoreDefect): ReturnType<typeof storeHarness> =>
  storeHarness({
    ...fullStores,
    stores: (clock) => {
      const open = fullStores.stores(clock);
      return async () => {
        const inner = storeOf(await open());
        const faults = faultsOf(inner, clock);
        return { ...inner, ...faults };
      };
    },
  });

function run<T>(cases: readonly Case<T>[], id: string, harness: Harness<T>): Promise<CaseResult> {
  const found = cases.find((each) => each.id === id);
  if (!found) throw new Error(`there is no case ${id}`);
  return runCase(found, harness);
}

function unproven(cases: readonly { id: string }[], defects: readonly { caughtBy: string }[]): readonly string[] {
  const proven = new Set(defects.map((each) => each.caughtBy));
  return cases.map(({ id }) => id).filter((id) => !proven.has(id));
}

it('what only planted transports offer passes where nothing is planted', async () => {
  for (const id of ['flow/blocked', 'flow/close']) {
    const sound = { name: 'none', caughtBy: id, transport: plant({}) };
    expect(await run(transportConformance, id, damaged(sound))).toMatchObject({ status: 'pass' });
  }
});

it('every case has a defect that it finds', () => {
  expect(unproven(transportConformance, transportDefects)).toEqual([]);
  expect(unproven(storeConformance, storeDefects)).toEqual([]);
});

it.each(transportDefects)('$caughtBy finds: $name', async (defect) => {
  const { status, error } = await run(transportConformance, defect.caughtBy, damaged(defect));
  expect(status).toBe('fail');
  // Red for what the transport does, and not because the planted fault itself breaks.
  expect(error).toHaveProperty('code');
});

it.each(storeDefects)('$caughtBy of the store finds: $name', async (defect) => {
  const { status, error } = await run(storeConformance, defect.caughtBy, damagedStore(defect));
  expect(status).toBe('fail');
  expect(error).toHaveProperty('code', 'ERR_ASSERTION');
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  readConformanceReports,
  registerConformance,
  transportConformance,
  transportHarness,
  type TestRunner,
} from '../../src/conformance/index.ts';
import { memoryHarness } from './memory.ts';

/** Takes what is registered, to run it by hand. */
class Takes implements TestRunner {
  readonly bodies: (() => Promise<void>)[] = [];
  readonly after: (() => Promise<void>)[] = [];
  readonly it: TestRunner['it'] = Object.assign((_name: string, body: () => Promise<void>) => this.bodies.push(body), {
    skip: () => undefined,
  });
  describe(_name: string, body: () => void): void {
    body();
  }
  beforeAll(): void {}
  readonly afterAll = (body: () => Promise<void>): unknown => this.after.push(body);
}

describe('conformance reports', () => {
  let folder: string;
  let before: string | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kombu-reports-'));
    before = process.env['KOMBU_CONFORMANCE_REPORTS'];
    process.env['KOMBU_CONFORMANCE_REPORTS'] = folder;
  });
  afterEach(() => {
    if (before === undefined) delete process.env['KOMBU_CONFORMANCE_REPORTS'];
    else process.env['KOMBU_CONFORMANCE_REPORTS'] = before;
    rmSync(folder, { recursive: true });
  });

  it('are kept by name, with what every case came to, also those that could not run', async () => {
    const cases = transportConformance.filter(({ id }) => id.startsWith('get/') || id.startsWith('restart/'));
    const takes = new Takes();
    const { restartBroker: _, ...settings } = memoryHarness;
    registerConformance(takes, cases, transportHarness({ ...settings, name: 'memory: a/b' }));
    for (const body of takes.bodies) await body();
    for (const body of takes.after) await body();
    writeFileSync(join(folder, 'notes.txt'), 'no report');
    const [report, ...others] = readConformanceReports(folder);
    expect(others).toEqual([]);
    expect(report?.name).toBe('memory: a/b');
    expect(report?.results.map(({ id }) => id).toSorted()).toEqual(cases.map(({ id }) => id).toSorted());
    const statusOf = (group: string): unknown[] => [
      ...new Set(report?.results.filter((each) => each.group === group).map(({ status }) => status)),
    ];
    expect(statusOf('get')).toEqual(['pass']);
    expect(statusOf('restart')).toEqual(['skipped']);
  });

  it('are none where there is no folder', () => {
    expect(readConformanceReports(join(folder, 'missing'))).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as nodeTest from 'node:test';
import { expectTypeOf } from 'expect-type';
import type { Case, CaseScope, Harness, Need, TestRunner } from '../../src/conformance/index.ts';
import {
  NotOffered,
  conformanceMarkdown,
  conformanceTable,
  group,
  registerConformance,
  runConformance,
  storeConformance,
  transportConformance,
} from '../../src/conformance/index.ts';

interface Context {
  readonly log: string[];
}

const log: string[] = [];

function harness(parts: Partial<Harness<Context>> = {}): Harness<Context> {
  return {
    name: 'toy',
    offers: new Set<Need>(),
    quirks: {},
    caseTimeoutMs: 50,
    open: async (id): Promise<CaseScope<Context>> => ({
      context: { log },
      close: async () => void log.push(`closed ${id}`),
    }),
    ...parts,
  };
}

function cases(bodies: Record<string, Partial<Case<Context>>>): readonly Case<Context>[] {
  const full = Object.entries(bodies).map(([key, body]) => [
    key,
    { title: `the rule of ${key}`, why: 'because', run: async () => {}, ...body },
  ]);
  return group('toys', Object.fromEntries(full) as Record<string, Case<Context>>);
}

const hangs = (): Promise<void> => new Promise(() => {});
const lacking = async (): Promise<void> => {
  throw new NotOffered('no publishFor');
};
const fails = async (): Promise<void> => {
  throw new Error('the toy broke');
};

beforeEach(() => {
  log.length = 0;
});

async function statusesOf(list: readonly Case<Context>[], parts?: Partial<Harness<Context>>): Promise<unknown> {
  const { results } = await runConformance(list, harness(parts));
  return Object.fromEntries(results.map(({ id, status, reason }) => [id, reason ? `${status}: ${reason}` : status]));
}

describe('runConformance', () => {
  it('reports passes and failures, and closes the scope of both', async () => {
    const statuses = await statusesOf(cases({ good: {}, bad: { run: fails } }));
    expect(statuses).toEqual({ 'toys/good': 'pass', 'toys/bad': 'fail' });
    expect(log).toEqual(['closed toys/good', 'closed toys/bad']);
  });

  it('reports what the case threw, its rule and its reason', async () => {
    const { results } = await runConformance(cases({ bad: { run: fails } }), harness());
    expect(results[0]).toMatchObject({ group: 'toys', title: 'the rule of bad', why: 'because' });
    expect(results[0]?.error).toEqual(new Error('the toy broke'));
  });

  it('runs the counterpart where a capability is off', async () => {
    const statuses = await statusesOf(
      cases({
        refused: { requires: ['delay'], run: fails, otherwise: async ({ log: lines }) => void lines.push('refused') },
        silent: { requires: ['delay'], otherwise: fails },
        without: { requires: ['delay', 'ttl'], run: fails },
      }),
      { offers: new Set<Need>(['ttl']) },
    );
    expect(statuses).toEqual({
      'toys/refused': 'unsupported: no delay',
      'toys/silent': 'fail: no delay',
      'toys/without': 'unsupported: no delay',
    });
    expect(log).toContain('refused');
  });

  it('reports what a case found to be lacking', async () => {
    expect(await statusesOf(cases({ optional: { run: lacking } }))).toEqual({
      'toys/optional': 'unsupported: no publishFor',
    });
  });

  it('skips what needs a hook that the harness lacks, and says which', async () => {
    const statuses = await statusesOf(cases({ restart: { requires: ['harness:restartBroker'], otherwise: fails } }));
    expect(statuses).toEqual({ 'toys/restart': 'skipped: the harness has no restartBroker' });
  });

  it('reports a failing quirk with its reason, and a passing one as a failure', async () => {
    const quirks = { 'toys/bad': 'known', 'toys/good': 'forgotten' };
    const statuses = await statusesOf(cases({ bad: { run: fails }, good: {} }), { quirks });
    expect(statuses).toEqual({ 'toys/bad': 'quirk: known', 'toys/good': 'fail: forgotten' });
  });

  it('refuses quirks of cases that do not exist', async () => {
    const run = runConformance(cases({ good: {} }), harness({ quirks: { 'toys/gone': 'renamed' } }));
    await expect(run).rejects.toThrow(/toys\/gone/);
  });

  it('turns a case that hangs into a failure, and goes on', async () => {
    const statuses = await statusesOf(cases({ hangs: { run: hangs }, good: {} }));
    expect(statuses).toEqual({ 'toys/hangs': 'fail', 'toys/good': 'pass' });
    expect(log).toEqual(['closed toys/hangs', 'closed toys/good']);
  });

  it('fails a case whose clean-up fails, and one that cannot be opened', async () => {
    const good = cases({ good: {} });
    const close = fails;
    expect(await statusesOf(good, { open: async () => ({ context: { log }, close }) })).toEqual({
      'toys/good': 'fail',
    });
    expect(await statusesOf(good, { open: async () => Promise.reject(new Error('no broker')) })).toEqual({
      'toys/good': 'fail',
    });
  });

  it('runs setUp before and tearDown after, even when setUp of a case fails', async () => {
    const note = (line: string) => async () => void log.push(line);
    await runConformance(cases({ bad: { run: fails } }), harness({ setUp: note('up'), tearDown: note('down') }));
    expect(log).toEqual(['up', 'closed toys/bad', 'down']);
  });
});

describe('registerConformance', () => {
  interface Registered {
    readonly name: string;
    readonly skipped: boolean;
    readonly body: () => Promise<void>;
  }

  function register(list: readonly Case<Context>[], parts?: Partial<Harness<Context>>, withSkip = true): Registered[] {
    const tests: Registered[] = [];
    const test = (skipped: boolean) => (name: string, body: () => Promise<void>) => tests.push({ name, skipped, body });
    const it = Object.assign(test(false), withSkip ? { skip: test(true) } : {});
    registerConformance({ describe: (_, body) => body(), it }, list, harness(parts));
    return tests;
  }

  it('registers every case under its id and title', () => {
    const tests = register(cases({ good: {}, bad: {} }));
    expect(tests.map((each) => each.name)).toEqual(['toys/good: the rule of good', 'toys/bad: the rule of bad']);
  });

  it('says in the name what is missing, and skips only what has no counterpart', () => {
    const tests = register(cases({ a: { requires: ['delay'] }, b: { requires: ['delay'], otherwise: fails } }));
    expect(tests.map(({ name, skipped }) => [name, skipped])).toEqual([
      ['toys/a: the rule of a (no delay)', true],
      ['toys/b: the rule of b (no delay)', false],
    ]);
  });

  it('leaves nothing out for a runner that cannot skip', () => {
    expect(register(cases({ a: { requires: ['delay'] } }), {}, false)).toHaveLength(1);
  });

  it('throws from the test with the rule, the reason and the cause', async () => {
    const [test] = register(cases({ bad: { run: fails } }));
    await expect(test?.body()).rejects.toThrow(/toys\/bad: the toy broke\n\nthe rule: the rule of bad\nwhy: because/);
    await expect(test?.body()).rejects.toMatchObject({ cause: new Error('the toy broke') });
  });

  it('lets a quirk pass and names it', async () => {
    const [test] = register(cases({ bad: { run: fails } }), { quirks: { 'toys/bad': 'known' } });
    expect(test?.name).toBe('toys/bad: the rule of bad (quirk: known)');
    await test?.body();
  });

  it('takes the functions of node:test and of jest', () => {
    expectTypeOf<Pick<typeof nodeTest, 'describe' | 'it'>>().toExtend<TestRunner>();
    expectTypeOf({ describe, it, beforeAll, afterAll }).toExtend<TestRunner>();
  });

  it('asks for the hooks of the runner when the harness has some', () => {
    expect(() => register(cases({ good: {} }), { setUp: async () => {} })).toThrow(/beforeAll/);
  });
});

describe('conformanceTable', () => {
  it('gives one row per group, with the gravest status of each transport', async () => {
    const list = [
      ...cases({ good: {}, delayed: { requires: ['delay'] } }),
      ...group('more', { bad: { title: 'the rule', why: 'because', run: fails } }),
    ];
    const toy = await runConformance(list, harness());
    const odd = await runConformance(list, harness({ name: 'odd', quirks: { 'more/bad': 'by design' } }));
    expect(conformanceTable([toy, odd])).toEqual([
      { group: 'toys', status: { toy: 'pass', odd: 'pass' } },
      { group: 'more', status: { toy: 'fail', odd: 'quirk' } },
    ]);
    expect(conformanceMarkdown([toy, odd])).toBe(
      [
        '|  | toy | odd |',
        '| --- | --- | --- |',
        '| toys | pass | pass |',
        '| more | fail | quirk |',
        '',
        '- odd, `more/bad`: by design',
      ].join('\n'),
    );
  });
});

describe('the suites', () => {
  it.each([
    ['transport', transportConformance as readonly Case<never>[]],
    ['store', storeConformance as readonly Case<never>[]],
  ])('the %s cases have unique ids, a rule and a reason', (_, suite) => {
    expect(new Set(suite.map((each) => each.id)).size).toBe(suite.length);
    for (const { id, title, why } of suite) {
      expect(id).toMatch(/^[a-z-]+\/[a-z-]+$/);
      expect(title.length).toBeGreaterThan(20);
      expect(why.length).toBeGreaterThan(10);
    }
  });

  it('has the cases that the README names for what is open', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    const named = [...readme.matchAll(/`([a-z-]+\/[a-z-]+|[a-z-]+\/\*)`/g)].map(([, id = '']) => id);
    const ids = [...transportConformance, ...storeConformance].map(({ id }) => id);
    expect(named.length).toBeGreaterThan(20);
    expect(
      named.filter((id) => !ids.some((each) => (id.endsWith('*') ? each.startsWith(id.slice(0, -1)) : each === id))),
    ).toEqual([]);
  });
});

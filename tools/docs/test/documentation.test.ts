import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from '../src/block.ts';
import type { Program } from '../src/program.ts';
import { programsOf } from '../src/program.ts';
import { documents, root } from '../src/repository.ts';
import { Workshop } from '../src/workshop.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const blocks = documents().flatMap((document) => blocksOf(document, read(document)));
const programs = documents().flatMap((document) => programsOf(blocks.filter((block) => block.document === document)));
const excerpts = blocks.flatMap(({ mode, ...block }) =>
  typeof mode === 'object' ? [{ ...block, from: mode.from }] : [],
);

const name = ({ document, line }: { document: string; line: number }): string => `${document}:${line}`;

describe('code in the documentation', () => {
  const workshop = new Workshop(join(root, 'tools/docs/.workshop/documentation'), programs);
  let problems: ReadonlyMap<Program, string> = new Map();

  beforeAll(async () => {
    await workshop.compile();
    problems = new Map(await inPairs(programs, (program) => workshop.problemOf(program)));
  }, 300_000);

  it.each(programs.map((program) => [name(program), program] as const))('%s compiles and runs', (_, program) => {
    expect(problems.get(program)).toBe('');
  });

  // Not by `each`, which wants at least one.
  for (const excerpt of excerpts) {
    it(`${name(excerpt)} is an excerpt of ${excerpt.from}`, () => {
      expect(read(excerpt.from)).toContain(excerpt.lines.join('\n'));
    });
  }

  it('is there', () => {
    expect(programs.length).toBeGreaterThan(0);
  });
});

/** Two at a time, each with its result. */
async function inPairs<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<(readonly [T, R])[]> {
  const results: (readonly [T, R])[] = [];
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) results.push([item, await work(item)]);
  };
  await Promise.all([worker(), worker()]);
  return results;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from '../src/block.ts';
import type { Program } from '../src/program.ts';
import { programsOf } from '../src/program.ts';
import { documents, root } from '../src/repository.ts';
import { Workshop } from '../src/workshop.ts';
import { planted, plantedPrograms } from './planted.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const blocks = documents().flatMap((document) => blocksOf(document, read(document)));
const programs = documents().flatMap((document) => programsOf(blocks.filter((block) => block.document === document)));
const excerpts = blocks.flatMap(({ mode, ...block }) =>
  typeof mode === 'object' ? [{ ...block, from: mode.from }] : [],
);

const name = ({ document, line }: { document: string; line: number }): string => `${document}:${line}`;

// One for all, so that the compiler runs once.
const workshop = new Workshop(join(root, 'tools/docs/.workshop'), [...programs, ...plantedPrograms]);
beforeAll(() => workshop.compile(), 180_000);

describe('code in the documentation', () => {
  let problems: ReadonlyMap<Program, string> = new Map();

  beforeAll(async () => {
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
});

describe('the check of the documentation', () => {
  it('has nothing to say about a good program, whatever broker it names', async () => {
    expect(await workshop.problemOf(planted.good)).toBe('');
  });

  it('compiles what is not to be run, and does not run it', async () => {
    expect(await workshop.problemOf(planted.compiledOnly)).toBe('');
  });

  it.each([
    ['does not compile', planted.mistyped, "docs/planted.md(20,7): error TS2322: Type 'number'"],
    ['throws', planted.failing, 'docs/planted.md:31'],
    ['leaves a rejection unhandled', planted.rejecting, 'docs/planted.md:40'],
    ['never ends', planted.hanging, 'docs/planted.md:50 does not end well\nkilled'],
    ['waits for nothing', planted.waiting, 'docs/planted.md:60 does not end well'],
  ])('reports a program that %s, with its place', async (_, program, place) => {
    const deadline = program === planted.hanging ? 2000 : undefined;
    expect(await workshop.problemOf(program, deadline)).toContain(place);
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

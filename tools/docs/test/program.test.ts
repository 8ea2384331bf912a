import { blocksOf } from '../src/block.ts';
import { programsOf } from '../src/program.ts';

const programs = (...lines: string[]) => programsOf(blocksOf('a.md', lines.join('\n')));

describe('programsOf', () => {
  it('keeps each line where the document has it', () => {
    const [program] = programs('text', '```ts', 'one();', '```', 'text', '```ts continues', 'two();', '```');
    const lines = program?.source.split('\n') ?? [];
    expect(lines[2]).toBe('one();');
    expect(lines[6]).toBe('two();');
    expect(lines.filter((line) => line !== '')).toEqual(['one();', 'two();', 'export {};']);
  });

  it('makes one program of each block that does not continue another', () => {
    expect(programs('```ts', 'a', '```', '```ts no-run', 'b', '```', '```ts from=c.ts', 'c', '```')).toMatchObject([
      { line: 2, runs: true },
      { line: 5, runs: false },
    ]);
  });

  it('refuses a block that continues nothing', () => {
    expect(() => programs('```ts continues', '```')).toThrow('a.md:2: there is no block');
  });
});

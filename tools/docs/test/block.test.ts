import { blocksOf } from '../src/block.ts';

const document = (...lines: string[]): string => lines.join('\n');

describe('blocksOf', () => {
  it('finds the TypeScript blocks with their lines and modes', () => {
    const text = document(
      '# T',
      '```ts',
      'one();',
      '```',
      '```sh',
      '```',
      '',
      '```ts no-run',
      'two();',
      'three();',
      '```',
    );
    expect(blocksOf('a.md', text)).toEqual([
      { document: 'a.md', line: 3, mode: 'run', lines: ['one();'] },
      { document: 'a.md', line: 9, mode: 'no-run', lines: ['two();', 'three();'] },
    ]);
  });

  it('takes the indentation of the fence away and keeps the rest', () => {
    const [block] = blocksOf(
      'a.md',
      document('- item', '  ```ts continues', '  if (x) {', '    y();', '', '  }', '  ```'),
    );
    expect(block).toMatchObject({ mode: 'continues', lines: ['if (x) {', '  y();', '', '}'] });
  });

  it('does not look into longer fences and other languages', () => {
    expect(blocksOf('a.md', document('````md', '```ts', 'x', '```', '````', '~~~sh', '```ts', '~~~'))).toEqual([]);
  });

  it('reads the file of an excerpt', () => {
    expect(blocksOf('a.md', document('```ts from=src/a.ts', 'x', '```'))[0]?.mode).toEqual({ from: 'src/a.ts' });
  });

  it.each([
    ['a language that would not be checked', ['', '```javascript', '```'], 'a.md:2: write "ts"'],
    ['an unknown word', ['```ts norun', '```'], 'a.md:1: "norun" is not'],
    ['an open block', ['```ts', 'x'], 'a.md:1: the block is not closed'],
  ])('refuses %s', (_, lines, message) => {
    expect(() => blocksOf('a.md', document(...lines))).toThrow(message);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableRows } from '../src/markdown.ts';
import { root } from '../src/repository.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const cells = tableRows(read('docs/pains.md'))
  .filter((row) => /^\| R\d/.test(row))
  .map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const troubles = cells.filter((row) => row.length === 5);
const tests = cells.filter((row) => row.length === 3);

describe('docs/pains.md', () => {
  it('has all troubles, each with a rule, and with tests or what is missing of them', () => {
    expect(troubles.map(([id]) => id)).toEqual(Array.from({ length: 45 }, (_, index) => `R${index + 1}`));
    const bare = troubles.filter(
      ([id, , , rule, missing]) => !rule || !(missing || tests.some((row) => row[0] === id)),
    );
    expect(bare).toEqual([]);
  });

  it('names tests that exist, with the files in which they are', () => {
    const lost = tests.filter(([, title = '', link = '']) => {
      const path = /^\[.*\]\(\.\.\/(.*)\)$/.exec(link)?.[1] ?? '';
      const text = title.replaceAll(/^`|`$/g, '').replaceAll('\\|', '|');
      const source = read(path);
      return !source.includes(text) && !source.includes(text.replaceAll("'", String.raw`\'`));
    });
    expect(lost).toEqual([]);
    expect(tests.length).toBeGreaterThan(200);
  });
});

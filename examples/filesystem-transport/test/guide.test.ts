import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const guide = readFileSync(join(root, 'docs/writing-a-transport.md'), 'utf8');
const sources = readdirSync(join(import.meta.dirname, '../src')).map(
  (name) => `examples/filesystem-transport/src/${name}`,
);

/** The excerpts of a file that the guide shows, in order, without blank lines. */
function shown(path: string): readonly string[] {
  const blocks = guide.split(`\`\`\`ts from=${path}\n`).slice(1);
  return blocks.flatMap((block) => linesOf(block.slice(0, block.indexOf('\n```'))));
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

describe('docs/writing-a-transport.md', () => {
  it.each(sources)('shows all of %s', (path) => {
    expect(shown(path)).toEqual(linesOf(readFileSync(join(root, path), 'utf8')));
  });
});

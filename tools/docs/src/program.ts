import type { Block } from './block.ts';

/** Blocks that make one program: one, and those that continue it. */
export interface Program {
  readonly document: string;
  /** The first line of its first block. */
  readonly line: number;
  readonly runs: boolean;
  /** The code, each line at its line number in the document, so that compiler and stack traces name the right one. */
  readonly source: string;
}

/** The programs of one document. Excerpts of files are no programs. */
export function programsOf(blocks: readonly Block[]): readonly Program[] {
  const groups: Block[][] = [];
  for (const block of blocks) {
    if (block.mode === 'run' || block.mode === 'no-run') groups.push([block]);
    else if (block.mode === 'continues') lastGroup(groups, block).push(block);
  }
  return groups.map((group) => programOf(group));
}

function lastGroup(groups: readonly Block[][], block: Block): Block[] {
  const group = groups.at(-1);
  if (group) return group;
  throw new Error(`${block.document}:${block.line}: there is no block before it that it could continue`);
}

function programOf(group: readonly Block[]): Program {
  const [first] = group as readonly [Block, ...Block[]];
  const lines: string[] = [];
  for (const block of group) {
    while (lines.length < block.line - 1) lines.push('');
    lines.push(...block.lines);
  }
  return {
    document: first.document,
    line: first.line,
    runs: first.mode === 'run',
    source: `${lines.join('\n')}\nexport {};\n`,
  };
}

/**
 * How a block of code is to be treated, from the words behind its language:
 * - `run`: a program of its own. The default.
 * - `no-run`: compiled only.
 * - `continues`: more of the program of the block before it in the same document.
 * - `from=<path>`: an excerpt, word for word, of a file that is compiled and tested elsewhere.
 */
export type Mode = 'run' | 'no-run' | 'continues' | { readonly from: string };

/** A fenced block of TypeScript in a document. */
export interface Block {
  /** From the repository's root. */
  readonly document: string;
  /** The line of its first code line, from 1. */
  readonly line: number;
  readonly mode: Mode;
  /** Its lines, without the indentation of the fence. */
  readonly lines: readonly string[];
}

const fence = /^( *)(`{3,}|~{3,})\s*(\S*)\s*(.*)$/;

/** Languages that would slip past the check; `ts` is the one to use. */
const aliases: ReadonlySet<string> = new Set(['typescript', 'tsx', 'mts', 'cts', 'js', 'javascript', 'mjs', 'cjs']);

/** The TypeScript blocks of a document, in order. Throws for a block that nobody would check. */
export function blocksOf(document: string, text: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const [, indent = '', ticks, language = '', words = ''] = fence.exec(lines[index] as string) ?? [];
    if (ticks === undefined) continue;
    const where = `${document}:${index + 1}`;
    const end = lines.findIndex(
      (line, at) => at > index && line.trim().startsWith(ticks) && /^[`~]+$/.test(line.trim()),
    );
    if (end < 0) throw new Error(`${where}: the block is not closed`);
    if (aliases.has(language)) throw new Error(`${where}: write "ts" instead of "${language}", so that it is checked`);
    if (language === 'ts') {
      const body = lines
        .slice(index + 1, end)
        .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
      blocks.push({ document, line: index + 2, mode: modeOf(words.trim(), where), lines: body });
    }
    index = end;
  }
  return blocks;
}

function modeOf(words: string, where: string): Mode {
  if (words === '') return 'run';
  if (words === 'no-run' || words === 'continues') return words;
  const from = /^from=(\S+)$/.exec(words)?.[1];
  if (from !== undefined) return { from };
  throw new Error(`${where}: "${words}" is not no-run, continues or from=<path>`);
}

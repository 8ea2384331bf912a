import { implicitTag } from './implicit-tags.ts';

const printable = /^[ -~]*$/;
/** What a plain scalar cannot begin with, or only in front of more. */
const indicators = /^(?:[#,[\]{}&*!|>'"%@` ]|[-?:](?: |$)|---|\.\.\.)/;

/** Escapes that have a letter, in double quotes. */
const letters: ReadonlyMap<string, string> = new Map([
  ['\0', '0'],
  ['\x07', 'a'],
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\x0b', 'v'],
  ['\f', 'f'],
  ['\r', 'r'],
  ['\x1b', 'e'],
  ['"', '"'],
  ['\\', '\\'],
  ['\x85', 'N'],
  ['\xa0', '_'],
  ['\u2028', 'L'],
  ['\u2029', 'P'],
]);

/** Writes text as a scalar on one line that YAML 1.1 reads as a string: plain if possible, else quoted. */
export function formatText(text: string): string {
  if (!printable.test(text)) return doubleQuoted(text);
  return canBePlain(text) ? text : `'${text.replaceAll("'", "''")}'`;
}

function canBePlain(text: string): boolean {
  if (indicators.test(text) || text.endsWith(' ')) return false;
  return !/:(?: |$)| #/.test(text) && implicitTag(text) === 'str';
}

function doubleQuoted(text: string): string {
  return `"${text.replaceAll(/[^ -~]|["\\]/gu, (character) => {
    const letter = letters.get(character);
    return `\\${letter ?? numberedEscape(character.codePointAt(0) ?? 0)}`;
  })}"`;
}

function numberedEscape(code: number): string {
  const digits = code.toString(16).toUpperCase();
  if (code < 0x100) return `x${digits.padStart(2, '0')}`;
  return code < 0x1_0000 ? `u${digits.padStart(4, '0')}` : `U${digits.padStart(8, '0')}`;
}

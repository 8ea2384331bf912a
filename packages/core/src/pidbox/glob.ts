/**
 * The regular expression of a shell pattern as Python's `fnmatch` reads it: `*` any text, `?` one character, `[seq]` and
 * `[!seq]` a character in or not in a set. A bracket that is not closed stands for itself.
 */
export function globExpression(pattern: string): string {
  let expression = '';
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern[index] as string;
    if (character === '*') expression += '[^]*';
    else if (character === '?') expression += '[^]';
    else if (character === '[') {
      const end = endOfSet(pattern, index);
      expression += end < 0 ? String.raw`\[` : setExpression(pattern.slice(index + 1, end));
      if (end >= 0) index = end;
    } else expression += escaped(character);
  }
  return `^${expression}$`;
}

/** The index of the bracket that closes the set; a bracket directly after the opening is a member. */
function endOfSet(pattern: string, start: number): number {
  let from = start + 1;
  if (pattern[from] === '!') from += 1;
  if (pattern[from] === ']') from += 1;
  return pattern.indexOf(']', from);
}

function setExpression(members: string): string {
  const negated = members.startsWith('!');
  const set = (negated ? members.slice(1) : members).replaceAll(/[\\\]^[]/g, String.raw`\$&`);
  return withoutReversedRanges(negated ? '^' : '', set);
}

/** A range such as `z-a` holds nothing; JavaScript would refuse it. */
function withoutReversedRanges(negation: string, set: string): string {
  const kept = set.replaceAll(/(\\?[^])-(\\?[^])/g, (range, low: string, high: string) =>
    low.slice(-1) <= high.slice(-1) ? range : '',
  );
  if (kept !== '') return `[${negation}${kept}]`;
  return negation === '' ? '[]' : '[^]';
}

function escaped(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/, String.raw`\$&`);
}

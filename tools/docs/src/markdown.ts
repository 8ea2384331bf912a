/** The rows of all tables, each without padding. */
export function tableRows(text: string): readonly string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  return rows.map((row) =>
    row
      .trim()
      .replaceAll(/ *\| */g, ' | ')
      .trim(),
  );
}

/** The texts of the headings, in order. */
export function headings(text: string): readonly string[] {
  return outsideCode(text).flatMap((line) => /^#+ (.+)$/.exec(line)?.[1] ?? []);
}

/** The targets of all links that lead into the repository, without fragments. */
export function localLinks(text: string): readonly string[] {
  const links = [
    ...outsideCode(text)
      .join('\n')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map((match) => match[1] as string);
  return links.filter((link) => !/^[a-z]+:/.test(link)).flatMap((link) => link.split('#')[0] || []);
}

/** The npm and pnpm scripts that a text tells the reader to run. */
export function namedScripts(text: string): readonly string[] {
  const commands = text.matchAll(/\bp?npm (?:run (?:--silent )?([\w:-]+)|(test)\b)/g);
  return [...new Set([...commands].map(([, run, test]) => (run ?? test) as string))];
}

function outsideCode(text: string): readonly string[] {
  let inside = false;
  return text.split('\n').filter((line) => {
    const isFence = line.trimStart().startsWith('```');
    if (isFence) inside = !inside;
    return !inside && !isFence;
  });
}

import type { DocumentEvent } from 'js-yaml';

const standard = 'tag:yaml.org,2002:';

/** Gives the tags of one document their full names. */
export class Tags {
  readonly #prefixes = new Map([
    ['!', '!'],
    ['!!', standard],
  ]);

  constructor({ directives }: DocumentEvent) {
    for (const directive of directives) {
      if (directive.kind === 'tag') this.#prefixes.set(directive.handle, directive.prefix);
    }
  }

  /** The name of a tag of the YAML specification, such as `int`; of others the whole name. */
  nameOf(tag: string): string {
    const full = percentDecoded(this.#fullName(tag));
    return full.startsWith(standard) ? full.slice(standard.length) : full;
  }

  #fullName(tag: string): string {
    if (tag.startsWith('!<')) return tag.slice(2, -1);
    const handle = tag.slice(0, tag.indexOf('!', 1) + 1) || '!';
    return `${this.#prefixes.get(handle) ?? handle}${tag.slice(handle.length)}`;
  }
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

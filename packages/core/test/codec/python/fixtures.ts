import { readFileSync } from 'node:fs';

/** What Python Kombu wrote; `capture.py` made it. */
interface Fixtures {
  readonly json: readonly { readonly name: string; readonly text: string }[];
  readonly bodies: readonly {
    readonly name: string;
    readonly contentType: string;
    readonly contentEncoding: string;
    readonly base64: string;
  }[];
  readonly plain: string;
  readonly compressed: readonly { readonly name: string; readonly contentType: string; readonly base64: string }[];
  readonly envelope: string;
}

export const python = JSON.parse(readFileSync(new URL('kombu.json', import.meta.url), 'utf8')) as Fixtures;

/** The JSON text that Python wrote for the value of this name. */
export function pythonText(name: string): string {
  const found = python.json.find((entry) => entry.name === name);
  if (!found) throw new Error(`No fixture ${name}`);
  return found.text;
}

/** The error that `action` throws. */
export function thrownBy(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown');
}

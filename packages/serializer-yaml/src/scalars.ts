import type { ImplicitTag } from './implicit-tags.ts';
import { readFloat, readInteger } from './numbers.ts';
import { readTimestamp } from './timestamps.ts';

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['no', false],
  ['true', true],
  ['false', false],
  ['on', true],
  ['off', false],
]);

/** The tags of scalars that have values of their own. */
export type ScalarTag = Exclude<ImplicitTag, 'merge' | 'value'> | 'binary';

/** How the values of scalars are read, by their tags. Each throws when the text is not of the form. */
export const scalarReaders: Readonly<Record<ScalarTag, (text: string) => unknown>> = {
  binary: readBinary,
  bool: readBoolean,
  float: readFloat,
  int: readInteger,
  null: () => null,
  str: (text) => text,
  timestamp: readTimestamp,
};

export const isScalarTag = (tag: string): tag is ScalarTag => Object.hasOwn(scalarReaders, tag);

function readBoolean(text: string): boolean {
  const value = booleans.get(text.toLowerCase());
  if (value === undefined) throw new Error('a boolean has the wrong form');
  return value;
}

function readBinary(text: string): Buffer {
  const base64 = text.replaceAll(/\s/g, '');
  const bytes = Buffer.from(base64, 'base64');
  // Node skips what is not base64; only what reads back the same was base64.
  if (bytes.toString('base64') !== base64) throw new Error('the data of a !!binary is not base64 with padding');
  return bytes;
}

import { InvalidArgumentError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';

/**
 * Refuses keys that nobody reads, because an option that is silently ignored looks like one that works.
 *
 * @param what - the kind of key, in the singular, for the message: `option of transport redis`.
 * @throws InvalidArgumentError naming the unknown key, the nearest valid one and all valid ones.
 */
export function checkKeys(given: object, known: readonly string[], what: string): void {
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const valid = known.length === 0 ? 'There is none.' : `Valid: ${known.join(', ')}.`;
    throw new InvalidArgumentError(`Unknown ${what}: ${quote(key)}.${didYouMean(key, known)} ${valid}`);
  }
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
]);

/**
 * A boolean, or one of the words `true`, `1`, `yes`, `on`, `false`, `0`, `no`, `off` of a URL, in any letter case.
 *
 * @throws InvalidArgumentError for everything else.
 */
export function readBoolean(value: unknown, name: string): boolean {
  const read = typeof value === 'string' ? booleans.get(value.toLowerCase()) : value;
  if (typeof read === 'boolean') return read;
  throw new InvalidArgumentError(`${name} must be true or false, not ${quote(value)}`);
}

/**
 * An integer, or its decimal digits in a URL. The bounds are inclusive; without them every safe integer will do.
 *
 * @throws InvalidArgumentError for everything else.
 */
export function readInteger(
  value: unknown,
  name: string,
  bounds: { readonly min?: number; readonly max?: number } = {},
): number {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds;
  const read = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof read === 'number' && Number.isSafeInteger(read) && read >= min && read <= max) return read;
  const lower = bounds.min === undefined ? '' : ` from ${min}`;
  const upper = bounds.max === undefined ? '' : ` up to ${max}`;
  throw new InvalidArgumentError(`${name} must be an integer${lower}${upper}, not ${quote(value)}`);
}

/**
 * A text that is not empty.
 *
 * @throws InvalidArgumentError for everything else.
 */
export function readText(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new InvalidArgumentError(`${name} must be a text that is not empty, not ${quote(value)}`);
}

/**
 * One of a few words, in any letter case; gives the word as it stands in `choices`.
 *
 * @throws InvalidArgumentError naming the choices and the nearest one.
 */
export function readChoice<T extends string>(value: unknown, name: string, choices: readonly T[]): T {
  const word = typeof value === 'string' ? value : '';
  const read = choices.find((choice) => choice.toLowerCase() === word.toLowerCase());
  if (read !== undefined) return read;
  const hint = didYouMean(word, choices);
  throw new InvalidArgumentError(`${name} must be one of ${choices.join(', ')}, not ${quote(value)}.${hint}`);
}

/** A value as it may stand in a message: short, and of objects only the kind, for they may hold secrets. */
function quote(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}

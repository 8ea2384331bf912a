import { DecodeError } from '../errors.ts';
import { formatPath } from './json-path.ts';
import { endOfString } from './json-scan.ts';

/** How a JsonCodec reads numbers that JSON text can hold and a JavaScript number cannot, or the other way round. */
export interface JsonCodecOptions {
  /** Integers beyond 2^53: refuse them (the default), or read them as BigInt. */
  readonly bigints?: 'error' | 'bigint' | undefined;
  /** `NaN`, `Infinity`, `-Infinity`, and what a double cannot hold: refuse them (the default), or read them as numbers. */
  readonly nonFinite?: 'error' | 'number' | undefined;
}

/** Where Python, too, stops reading integers: the work grows with the square of the digits. */
export const maxIntegerDigits = 4300;

const constants: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

const spaces = new Set([' ', '\n', '\r', '\t']);
const wordCharacter = /[\w.+-]/;

/**
 * The slow lane: reads JSON text for which `JSON.parse` lost digits or gave up, as Python's reader would. It says where
 * and why text is not JSON without quoting it: bodies do not belong into logs.
 */
export class JsonReader {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #options: JsonCodecOptions;
  readonly #path: (string | number)[] = [];
  #index = 0;

  constructor(text: string, maxDepth: number, options: JsonCodecOptions) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#options = options;
  }

  /** @throws DecodeError when the text is not JSON, is too deep, or holds a number that the options refuse. */
  read(): unknown {
    const value = this.#value();
    this.#skipSpace();
    if (this.#index < this.#text.length) this.#malformed('the text goes on after the value');
    return value;
  }

  #value(): unknown {
    this.#skipSpace();
    switch (this.#text[this.#index]) {
      case '[':
        return this.#array();
      case '{':
        return this.#object();
      case '"':
        return this.#string();
      default:
        return this.#word();
    }
  }

  #array(): unknown[] {
    const array: unknown[] = [];
    this.#list(']', () => {
      this.#path.push(array.length);
      array.push(this.#value());
      this.#path.pop();
    });
    return array;
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#list('}', () => {
      this.#skipSpace();
      const key = this.#string();
      this.#expect(':', 'a colon after the key');
      this.#path.push(key);
      if (key === '__proto__') define(object, key, this.#value());
      else object[key] = this.#value();
      this.#path.pop();
    });
    return object;
  }

  /** Reads from an opening bracket to `close`, calling `item` for what stands between the commas. */
  #list(close: string, item: () => void): void {
    if (this.#path.length >= this.#maxDepth) throw tooDeep(this.#maxDepth);
    this.#index++;
    this.#skipSpace();
    if (this.#text[this.#index] === close) {
      this.#index++;
      return;
    }
    for (;;) {
      item();
      this.#skipSpace();
      if (this.#text[this.#index] !== ',') break;
      this.#index++;
    }
    this.#expect(close, `a comma or ${close}`);
  }

  #string(): string {
    const start = this.#index;
    if (this.#text[start] !== '"') this.#malformed('a string in double quotes is missing');
    this.#index = endOfString(this.#text, start);
    return this.#native(start) as string;
  }

  #word(): unknown {
    const start = this.#index;
    while (this.#index < this.#text.length && wordCharacter.test(this.#text.charAt(this.#index))) this.#index++;
    const word = this.#text.slice(start, this.#index);
    const constant = constants.get(word);
    if (constant !== undefined) return typeof constant === 'number' ? this.#nonFinite(word, constant) : constant;
    if (word === '') this.#malformed('a value is missing');
    const number = this.#native(start) as number;
    if (Number.isSafeInteger(number)) return number;
    if (!/[.eE]/.test(word)) return this.#bigint(word);
    return Number.isFinite(number) ? number : this.#nonFinite('a number too large for a double', number);
  }

  #nonFinite(what: string, value: number): number {
    if (this.#options.nonFinite === 'number') return value;
    throw new DecodeError(
      `Cannot read the JSON: ${what} at ${formatPath(this.#path)}. Python writes this, JSON has no such number. Let the ` +
        "sender write null or a Decimal, or read it with new JsonCodec({ nonFinite: 'number' }).",
    );
  }

  #bigint(word: string): bigint {
    const place = `at ${formatPath(this.#path)}`;
    const { length } = word.replace('-', '');
    if (length > maxIntegerDigits) {
      throw new DecodeError(
        `Cannot read the JSON: an integer of ${length} digits ${place}, ${maxIntegerDigits} are allowed.`,
      );
    }
    if (this.#options.bigints === 'bigint') return BigInt(word);
    throw new DecodeError(
      `Cannot read the JSON: the integer ${place} is beyond 2^53, a number would lose digits. Let the sender write a ` +
        "string, or read such integers as BigInt with new JsonCodec({ bigints: 'bigint' }).",
    );
  }

  /** Lets `JSON.parse` read the token from `start` to here. */
  #native(start: number): unknown {
    try {
      return JSON.parse(this.#text.slice(start, this.#index));
    } catch {
      this.#index = start;
      return this.#malformed('the value or string that begins here is no JSON');
    }
  }

  #expect(character: string, what: string): void {
    this.#skipSpace();
    if (this.#text[this.#index] !== character) this.#malformed(`${what} is missing`);
    this.#index++;
  }

  #skipSpace(): void {
    while (spaces.has(this.#text[this.#index] ?? '')) this.#index++;
  }

  #malformed(why: string): never {
    const end = this.#index >= this.#text.length ? ', where the text ends' : '';
    throw new DecodeError(`Cannot read the JSON: ${why} at character ${this.#index}${end}.`);
  }
}

/** Sets an own property as `JSON.parse` does, where `=` would set the prototype. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The error for a text with more levels than allowed. */
export function tooDeep(maxDepth: number): DecodeError {
  return new DecodeError(
    `Cannot read the JSON: arrays and objects nest deeper than ${maxDepth} levels (limits.maxDepth).`,
  );
}

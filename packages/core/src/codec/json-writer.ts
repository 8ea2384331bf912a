import { types } from 'node:util';
import { EncodeError } from '../errors.ts';
import { insteadOf, isReducible } from './instances.ts';
import { formatPath } from './json-path.ts';
import { maxIntegerDigits } from './json-reader.ts';
import { isPlainObject } from './json-scan.ts';
import type { JsonType } from './json-types.ts';

/**
 * The slow lane: writes values that `JSON.stringify` would lose or spoil. One writer writes one text. Every method gives
 * undefined for what JSON leaves out: undefined, functions and symbols.
 */
export class JsonWriter {
  readonly #types: readonly JsonType[];
  readonly #maxDepth: number;
  readonly #path: (string | number)[] = [];
  /** The arrays and objects that the place being written is in. */
  readonly #open: unknown[] = [];

  /** @param typesInOrder - The first that knows a value writes it. */
  constructor(typesInOrder: readonly JsonType[], maxDepth: number) {
    this.#types = typesInOrder;
    this.#maxDepth = maxDepth;
  }

  /** @throws EncodeError with the path of the value that cannot be written. */
  write(value: unknown): string | undefined {
    try {
      return this.#value(value);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new EncodeError(`Cannot write ${formatPath(this.#path)} as JSON: ${reason}.`, { cause });
    }
  }

  #value(value: unknown): string | undefined {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return JSON.stringify(value);
      case 'number':
        return Number.isFinite(value) ? numberText(value) : this.#typed(value);
      case 'undefined':
        return undefined;
      case 'object':
        if (value === null) return 'null';
        if (Array.isArray(value)) return this.#array(value);
        return isPlainObject(value) && !isReducible(value) ? this.#object(value) : this.#typed(value);
      default:
        return this.#typed(value);
    }
  }

  #array(array: readonly unknown[]): string {
    this.#enter(array);
    let items = '';
    for (let index = 0; index < array.length; index++) {
      items += `${items && ','}${this.#part(index, array[index]) ?? 'null'}`;
    }
    this.#open.pop();
    return `[${items}]`;
  }

  #object(object: object): string {
    this.#enter(object);
    let members = '';
    for (const [key, value] of Object.entries(object)) {
      const text = this.#part(key, value);
      if (text !== undefined) members += `${members && ','}${JSON.stringify(key)}:${text}`;
    }
    this.#open.pop();
    return `{${members}}`;
  }

  #part(key: string | number, value: unknown): string | undefined {
    this.#path.push(key);
    const text = this.#value(value);
    this.#path.pop();
    return text;
  }

  /** Everything that JSON has no form of its own for. */
  #typed(value: unknown): string | undefined {
    const type = this.#types.find((candidate) => candidate.is(value));
    if (type) return this.#encoded(value, type);
    switch (typeof value) {
      case 'bigint':
        return bigintText(value);
      case 'number':
        throw new EncodeError(`${value} is no JSON number; send null, or new Decimal('${value}') to a Python reader`);
      case 'object':
        return this.#instance(value as object);
      default:
        return undefined;
    }
  }

  #encoded(value: unknown, type: JsonType): string | undefined {
    this.#enter(value);
    const text = this.#value(type.encode(value));
    this.#open.pop();
    if (type.name === undefined) return text;
    if (text === undefined) throw new EncodeError(`the type ${type.name} encoded the value to undefined`);
    return `{"__type__":${JSON.stringify(type.name)},"__value__":${text}}`;
  }

  #instance(value: object): string | undefined {
    if (isReducible(value)) {
      const reduced = value.toJSON(String(this.#path.at(-1) ?? ''));
      // As JSON.stringify does, ask once: a result with a toJSON of its own, often the same object, is written as it is.
      const again = isReducible(reduced) && !this.#types.some((type) => type.is(reduced));
      return again ? this.#object(reduced) : this.#value(reduced);
    }
    if (types.isBoxedPrimitive(value)) return this.#value(value.valueOf());
    const instead = insteadOf(value);
    if (instead !== undefined) throw new EncodeError(`JSON would lose what is in it; send ${instead}`);
    return this.#object(value);
  }

  #enter(value: unknown): void {
    if (this.#open.includes(value) && typeof value === 'object') throw new EncodeError('the value contains itself');
    if (this.#open.length >= this.#maxDepth)
      throw new EncodeError(`the value is nested deeper than ${this.#maxDepth} levels`);
    this.#open.push(value);
  }
}

/**
 * Integers beyond 2^53 are written as `1e+20`, a float to every reader. As digits, which JSON.stringify would write, they
 * would look exact and Python would take them for an int. A BigInt is the way to send an exact one.
 */
function numberText(value: number): string {
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : JSON.stringify(value);
}

function bigintText(value: bigint): string {
  const text = String(value);
  if (text.replace('-', '').length > maxIntegerDigits)
    throw new EncodeError(`readers take no integers of more than ${maxIntegerDigits} digits`);
  return text;
}

import { DecodeError } from '../errors.ts';
import { formatPath } from './json-path.ts';

/** Makes values of registered types out of raw ones, by marker. */
export type Decoders = ReadonlyMap<string, (raw: unknown) => unknown>;

/**
 * Replaces Kombu's markers in a parsed JSON value by what they stand for, innermost first, in place, and drops keys
 * named `__proto__`. An object is a marker when it has exactly the keys `__type__` and `__value__`. The caller has
 * checked the depth.
 */
export class JsonReviver {
  readonly #decoders: Decoders;
  readonly #path: (string | number)[] = [];

  constructor(decoders: Decoders) {
    this.#decoders = decoders;
  }

  /** @throws DecodeError for an unknown marker, or one with a wrong value. */
  revive(value: unknown): unknown {
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) value[index] = this.#part(index, value[index]);
      return value;
    }
    // The reader has no other objects in its result than literals.
    if (typeof value !== 'object' || value === null) return value;
    return this.#object(value as Record<string, unknown>);
  }

  #object(object: Record<string, unknown>): unknown {
    const keys = Object.keys(object);
    const marked = keys.length === 2 && keys.includes('__type__') && keys.includes('__value__');
    for (const key of keys) {
      // JSON.parse made it an own property like any other, but copying it with `=` would set a prototype.
      if (key === '__proto__') delete object[key];
      else object[key] = this.#part(key, object[key]);
    }
    return marked ? this.#decode(object['__type__'], object['__value__']) : object;
  }

  #part(key: string | number, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    this.#path.push(key);
    const revived = this.revive(value);
    this.#path.pop();
    return revived;
  }

  #decode(marker: unknown, raw: unknown): unknown {
    const decode = typeof marker === 'string' ? this.#decoders.get(marker) : undefined;
    if (!decode) {
      throw this.#error(
        `has the unknown __type__ ${nameOf(marker)}. Known are ${[...this.#decoders.keys()].join(', ')}; ` +
          'register others with jsonCodec.register().',
      );
    }
    try {
      return decode(raw);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw this.#error(`is no valid ${nameOf(marker)}: ${reason}`, { cause });
    }
  }

  #error(what: string, options?: ErrorOptions): DecodeError {
    return new DecodeError(`Cannot read the JSON: ${formatPath(this.#path)} ${what}`, options);
  }
}

function nameOf(marker: unknown): string {
  return typeof marker === 'string' ? JSON.stringify(marker.slice(0, 40)) : `(${typeof marker})`;
}

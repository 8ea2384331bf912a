/** Any value but undefined and null. */
export type Present = object | string | number | bigint | boolean | symbol;

/**
 * A map from strings that costs next to nothing while it holds one entry: an index over many bindings has very many maps of
 * one. The first entry stands in the object itself, the others in a `Map`.
 */
export class SmallMap<V extends object> {
  #key: string | undefined;
  #value: V | undefined;
  #others: Map<string, V> | undefined;

  get empty(): boolean {
    return this.#key === undefined && this.#others === undefined;
  }

  get(key: string): V | undefined {
    return key === this.#key ? this.#value : this.#others?.get(key);
  }

  /** Adds an entry whose key is not there yet. */
  add(key: string, value: V): void {
    if (this.#key === undefined) {
      this.#key = key;
      this.#value = value;
    } else {
      (this.#others ??= new Map()).set(key, value);
    }
  }

  delete(key: string): void {
    if (key === this.#key) {
      this.#key = undefined;
      this.#value = undefined;
    } else if (this.#others?.delete(key) && this.#others.size === 0) {
      this.#others = undefined;
    }
  }
}

/** A set that costs next to nothing while it holds one value, for the same reason. */
export class SmallSet<T extends Present> {
  #one: T | undefined;
  /** All values, from the second on; `#one` is then unused. */
  #many: Set<T> | undefined;

  get size(): number {
    return this.#many?.size ?? (this.#one === undefined ? 0 : 1);
  }

  has(value: T): boolean {
    return this.#many?.has(value) ?? value === this.#one;
  }

  /** False when it was there already. */
  add(value: T): boolean {
    if (this.has(value)) return false;
    if (this.#many) {
      this.#many.add(value);
    } else if (this.#one === undefined) {
      this.#one = value;
    } else {
      this.#many = new Set([this.#one, value]);
      this.#one = undefined;
    }
    return true;
  }

  /** False when it was not there. */
  delete(value: T): boolean {
    if (this.#many) return this.#many.delete(value);
    if (value !== this.#one) return false;
    this.#one = undefined;
    return true;
  }

  /** Appends the values to `list`. */
  appendTo(list: T[]): void {
    if (this.#one !== undefined) list.push(this.#one);
    else if (this.#many) for (const value of this.#many) list.push(value);
  }
}

/** Any value but undefined and null. */
export type Present = object | string | number | bigint | boolean | symbol;

/**
 * A set that costs next to nothing while it holds one value: an index over many bindings has very many sets of one, and a `Set`
 * for each would take most of the memory.
 */
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

/** A power of two. */
const fewestSlots = 16;
/** An empty table gives back what is more than this. */
const keptSlots = 4096;

/**
 * Items under rising numbers, which come and go in about that order, such as unsettled deliveries under their tags. A Map would
 * make itself a new table every few hundred items, and the collector copies what stands in a discarded one once more; here
 * nothing is made as long as there is room.
 */
export class SlotTable<T extends object> {
  readonly #nextNumber: () => number;
  #items: (T | undefined)[] = emptySlots(fewestSlots);
  #numbers: number[] = this.#items.map(() => 0);
  #size = 0;

  /** @param nextNumber - Each is an integer higher than those before it. */
  constructor(nextNumber: () => number) {
    this.#nextNumber = nextNumber;
  }

  get size(): number {
    return this.#size;
  }

  /** A number for the next item. Numbers whose place is taken are left out: at most half of the places are. */
  freeNumber(): number {
    for (;;) {
      const number = this.#nextNumber();
      if (this.#items[this.#slot(number)] === undefined) return number;
    }
  }

  /** @param number - The last one that `freeNumber` gave. */
  add(number: number, item: T): void {
    if (2 * this.#size >= this.#items.length) this.#resize(2 * this.#items.length);
    this.#put(number, item);
    this.#size += 1;
  }

  get(number: number): T | undefined {
    const slot = this.#slot(number);
    return this.#numbers[slot] === number ? this.#items[slot] : undefined;
  }

  /** Removes the item and gives it back; undefined when there is none of this number. */
  take(number: number): T | undefined {
    const item = this.get(number);
    if (item === undefined) return undefined;
    this.#items[this.#slot(number)] = undefined;
    this.#size -= 1;
    if (this.#size === 0 && this.#items.length > keptSlots) this.#resize(keptSlots);
    return item;
  }

  /** The numbers in use, in order. */
  numbers(): number[] {
    const used = this.#numbers.filter((_, slot) => this.#items[slot] !== undefined);
    return used.toSorted((one, other) => one - other);
  }

  /** In the order of their numbers. A copy, so that items may come and go meanwhile. */
  values(): T[] {
    return this.numbers().map((number) => this.get(number) as T);
  }

  clear(): void {
    for (const number of this.numbers()) this.take(number);
  }

  #slot(number: number): number {
    return number & (this.#items.length - 1);
  }

  #put(number: number, item: T): void {
    const slot = this.#slot(number);
    this.#items[slot] = item;
    this.#numbers[slot] = number;
  }

  /** What has places of its own keeps them in a larger table. */
  #resize(slots: number): void {
    const [items, numbers] = [this.#items, this.#numbers];
    this.#items = emptySlots(slots);
    this.#numbers = this.#items.map(() => 0);
    for (let slot = 0; slot < items.length; slot++) {
      const item = items[slot];
      if (item !== undefined) this.#put(numbers[slot] as number, item);
    }
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return Array.from<undefined>({ length: count });
}

/** What has a place in a queue. */
export interface Sequenced {
  /** Lower is earlier; no two are equal. */
  readonly sequence: number;
}

/** Free slots in front that are never cut off. */
const spareSlots = 1024;

/**
 * Items in the order of their sequence numbers. Adding at either end and taking from the front cost the same at any length, on
 * average.
 */
export class ReadyList<T extends Sequenced> {
  /** The slots before `#head` are free. */
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    // More than `#unshift` makes, so that the two do not undo each other's work.
    if (this.#head > spareSlots + 2 * this.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Puts it where it belongs: at the end when it is new, near the front when it was there before. */
  insert(item: T): void {
    const last = this.#items.at(-1);
    if (this.length === 0 || (last && last.sequence < item.sequence)) {
      this.#items.push(item);
      return;
    }
    const position = this.#position(item.sequence);
    if (position > this.#head) this.#items.splice(position, 0, item);
    else this.#unshift(item);
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }

  #unshift(item: T): void {
    if (this.#head === 0) {
      const slots = this.length + 16;
      this.#items = [...Array.from<undefined>({ length: slots }), ...this.#items];
      this.#head = slots;
    }
    this.#head -= 1;
    this.#items[this.#head] = item;
  }

  /** Of the first item that comes after this sequence number. */
  #position(sequence: number): number {
    let low = this.#head;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const item = this.#items[middle];
      if (item && item.sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

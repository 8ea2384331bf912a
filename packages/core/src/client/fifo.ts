/** A queue with cheap ends: `Array.shift` moves everything behind it. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes out what matches, in order. */
  remove(matches: (item: T) => boolean): T[] {
    const items = this.#items.slice(this.#head) as T[];
    const removed = items.filter(matches);
    if (removed.length > 0) {
      this.#items = items.filter((item) => !matches(item));
      this.#head = 0;
    }
    return removed;
  }
}

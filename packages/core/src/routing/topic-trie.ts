import { SmallSet, type Present } from './small-set.ts';

/** One word of one or more patterns. A path from the root to a node with values is a pattern. */
class TrieNode<T extends Present> {
  /** The word that leads here is `#`: this node also swallows any further words. */
  readonly repeats: boolean;
  /** The first literal word; most nodes have no more than one, and a map for each would take most of the memory. */
  word: string | undefined;
  next: TrieNode<T> | undefined;
  /** The literal words beside `word`. */
  others: Map<string, TrieNode<T>> | undefined;
  star: TrieNode<T> | undefined;
  hash: TrieNode<T> | undefined;
  values: SmallSet<T> | undefined;
  /** The step of the matching at which this node was last entered. */
  step = 0;

  constructor(repeats: boolean) {
    this.repeats = repeats;
  }

  child(word: string): TrieNode<T> | undefined {
    if (word === '*') return this.star;
    if (word === '#') return this.hash;
    return this.literal(word);
  }

  literal(word: string): TrieNode<T> | undefined {
    return word === this.word ? this.next : this.others?.get(word);
  }

  grow(word: string): TrieNode<T> {
    const node = new TrieNode<T>(word === '#');
    if (word === '*') this.star = node;
    else if (word === '#') this.hash = node;
    else if (this.word === undefined) {
      this.word = word;
      this.next = node;
    } else (this.others ??= new Map()).set(word, node);
    return node;
  }

  drop(word: string): void {
    if (word === '*') this.star = undefined;
    else if (word === '#') this.hash = undefined;
    else if (word === this.word) {
      this.word = undefined;
      this.next = undefined;
    } else if (this.others?.delete(word) && this.others.size === 0) this.others = undefined;
  }

  get empty(): boolean {
    return !this.values && this.word === undefined && !this.others && !this.star && !this.hash;
  }
}

/**
 * Values filed under AMQP 0-9-1 topic patterns, found by routing key.
 *
 * Words are separated by `.` and may be empty: `a.` has two. In a pattern, the word `*` stands for exactly one word and `#`
 * for zero or more; `a*` is an ordinary word. As in RabbitMQ, the empty key and the empty pattern have no words at all: `#`
 * matches the key `''`, `*` does not.
 */
export class TopicTrie<T extends Present> {
  readonly #root: TrieNode<T> = new TrieNode<T>(false);
  #size = 0;
  #step = 0;

  /** The number of pairs of a pattern and a value. */
  get size(): number {
    return this.#size;
  }

  /** Files `value` under `pattern`; false when it was there already. */
  add(pattern: string, value: T): boolean {
    let node = this.#root;
    for (const word of wordsOf(pattern)) node = node.child(word) ?? node.grow(word);
    node.values ??= new SmallSet();
    if (!node.values.add(value)) return false;
    this.#size += 1;
    return true;
  }

  /** Takes `value` away from this very pattern, with the nodes that nobody needs any more; false when it was not there. */
  remove(pattern: string, value: T): boolean {
    const words = wordsOf(pattern);
    const path = [this.#root];
    let last = this.#root;
    for (const word of words) {
      const node = last.child(word);
      if (!node) return false;
      path.push((last = node));
    }
    if (!last.values?.delete(value)) return false;
    if (last.values.size === 0) last.values = undefined;
    for (let word = words.pop(); word !== undefined && path.pop()?.empty; word = words.pop()) path.at(-1)?.drop(word);
    this.#size -= 1;
    return true;
  }

  /** The values of all patterns that match, each once, in no particular order. Time grows with words times matching paths. */
  match(routingKey: string): T[] {
    let states: TrieNode<T>[] = [];
    this.#enter(this.#root, states, ++this.#step);
    for (const word of wordsOf(routingKey)) {
      const step = ++this.#step;
      const next: TrieNode<T>[] = [];
      for (const node of states) {
        if (node.repeats) this.#enter(node, next, step);
        const literal = node.literal(word);
        if (literal) this.#enter(literal, next, step);
        if (node.star) this.#enter(node.star, next, step);
      }
      if (next.length === 0) return [];
      states = next;
    }
    return valuesOf(states);
  }

  /** Adds a node with all that `#` standing for no word leads to. The step keeps `#.#.#` from multiplying the states. */
  #enter(from: TrieNode<T>, states: TrieNode<T>[], step: number): void {
    for (let node: TrieNode<T> | undefined = from; node && node.step !== step; node = node.hash) {
      node.step = step;
      states.push(node);
    }
  }
}

/** Does what `split('.')` does, except for the empty key, in much less time. */
function wordsOf(key: string): string[] {
  const words: string[] = [];
  if (key === '') return words;
  let start = 0;
  for (let dot = key.indexOf('.'); dot !== -1; dot = key.indexOf('.', start)) {
    words.push(key.slice(start, dot));
    start = dot + 1;
  }
  words.push(key.slice(start));
  return words;
}

function valuesOf<T extends Present>(nodes: readonly TrieNode<T>[]): T[] {
  const found: T[] = [];
  let sets = 0;
  for (const { values } of nodes) {
    if (!values) continue;
    values.appendTo(found);
    sets += 1;
  }
  // Within one node every value is unique already.
  return sets > 1 ? [...new Set(found)] : found;
}

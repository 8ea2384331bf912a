import { UnsupportedError } from '../errors.ts';
import type { BindingDeclaration } from '../spi/declarations.ts';
import type { Headers } from '../spi/envelope.ts';
import { HeadersIndex } from './headers-index.ts';
import { SmallSet } from './small-set.ts';
import { TopicTrie } from './topic-trie.ts';

/** What an index files: anything that holds a binding. */
export interface Filed {
  readonly binding: BindingDeclaration;
}

/** How exchanges of one type find the bindings that match a message. Each item is filed at most once. */
export interface BindingIndex<T extends Filed> {
  add(item: T): void;
  remove(item: T): void;
  match(routingKey: string, headers: Headers): Iterable<T>;
}

class DirectBindings<T extends Filed> implements BindingIndex<T> {
  readonly #byKey = new Map<string, SmallSet<T>>();

  add(item: T): void {
    const { routingKey } = item.binding;
    let items = this.#byKey.get(routingKey);
    if (!items) this.#byKey.set(routingKey, (items = new SmallSet()));
    items.add(item);
  }

  remove(item: T): void {
    const items = this.#byKey.get(item.binding.routingKey);
    items?.delete(item);
    if (items?.size === 0) this.#byKey.delete(item.binding.routingKey);
  }

  match(routingKey: string): Iterable<T> {
    const found: T[] = [];
    this.#byKey.get(routingKey)?.appendTo(found);
    return found;
  }
}

class TopicBindings<T extends Filed> implements BindingIndex<T> {
  readonly #trie = new TopicTrie<T>();

  add(item: T): void {
    this.#trie.add(item.binding.routingKey, item);
  }

  remove(item: T): void {
    this.#trie.remove(item.binding.routingKey, item);
  }

  match(routingKey: string): Iterable<T> {
    return this.#trie.match(routingKey);
  }
}

class FanoutBindings<T extends Filed> implements BindingIndex<T> {
  readonly #items = new Set<T>();

  add(item: T): void {
    this.#items.add(item);
  }

  remove(item: T): void {
    this.#items.delete(item);
  }

  match(): Iterable<T> {
    return this.#items;
  }
}

class HeadersBindings<T extends Filed> implements BindingIndex<T> {
  readonly #index = new HeadersIndex<T>();

  add(item: T): void {
    this.#index.add(item.binding.arguments, item);
  }

  remove(item: T): void {
    this.#index.remove(item);
  }

  match(_routingKey: string, headers: Headers): Iterable<T> {
    return this.#index.match(headers);
  }
}

/**
 * An empty index for exchanges of this type.
 *
 * @throws UnsupportedError when `type` is none of the four types of AMQP 0-9-1.
 */
export function bindingIndex<T extends Filed>(type: string): BindingIndex<T> {
  switch (type) {
    case 'direct':
      return new DirectBindings();
    case 'topic':
      return new TopicBindings();
    case 'fanout':
      return new FanoutBindings();
    case 'headers':
      return new HeadersBindings();
    default:
      throw new UnsupportedError(
        `Exchanges of type ${JSON.stringify(type)} cannot be routed here: use direct, topic, fanout or headers, or a broker that knows this type.`,
      );
  }
}

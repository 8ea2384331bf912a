import type { Contender } from '../contender.ts';
import { coreInternals } from '../core-internals.ts';
import type { TopicWorkload } from '../topic-workload.ts';

/** Core's trie by itself: nothing is remembered between two lookups. */
export function topicTrie({ patterns, keys }: TopicWorkload): Contender {
  let match: (key: string) => readonly object[];
  let found = 0;
  return {
    name: 'trie',
    async setup() {
      const { TopicTrie } = await coreInternals();
      const trie = new TopicTrie();
      for (const [index, pattern] of patterns.entries()) trie.add(pattern, { queue: `queue${index}` });
      match = (key) => trie.match(key);
    },
    async run(count) {
      for (let index = 0; index < count; index += 1) found += match(keys[index % keys.length] as string).length;
      if (found === 0) throw new Error('no key matched');
    },
    async teardown() {},
  };
}

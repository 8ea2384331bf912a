import type { Contender } from '../contender.ts';
import { coreInternals } from '../core-internals.ts';
import type { TopicWorkload } from '../topic-workload.ts';

/** Core's router as a publish uses it. Without a memo every key is routed anew, as a key that was never seen would be. */
export function topicRouter({ patterns, keys }: TopicWorkload, { memo }: { readonly memo: boolean }): Contender {
  const headers = {};
  let route: (key: string) => readonly string[];
  let found = 0;
  return {
    name: memo ? 'router, repeated keys' : 'router, new keys',
    async setup() {
      const { Router } = await coreInternals();
      const router = new Router(memo ? {} : { memoBudget: 0 });
      router.addExchange('bench', 'topic');
      for (const [index, routingKey] of patterns.entries()) {
        const destination = `queue${index}`;
        router.bind({ exchange: 'bench', destination, destinationType: 'queue', routingKey, arguments: {} });
      }
      route = (key) => router.route('bench', key, headers) ?? [];
    },
    async run(count) {
      for (let index = 0; index < count; index += 1) found += route(keys[index % keys.length] as string).length;
      if (found === 0) throw new Error('no key matched');
    },
    async teardown() {},
  };
}

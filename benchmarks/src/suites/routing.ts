import { regexScan } from '../contenders/regex-scan.ts';
import { topicRouter } from '../contenders/topic-router.ts';
import { topicTrie } from '../contenders/topic-trie.ts';
import type { Case, Suite } from '../suite.ts';
import { topicWorkload } from '../topic-workload.ts';

export const routing: Suite = {
  name: 'routing',
  about: 'the queues of a topic key among many bindings',
  *cases() {
    for (const bindings of [10, 1000, 100_000]) yield topicLookup(bindings);
  },
};

function topicLookup(bindings: number): Case {
  const workload = topicWorkload(bindings);
  const trie = topicTrie(workload);
  const fresh = topicRouter(workload, { memo: false });
  const repeated = topicRouter(workload, { memo: true });
  const goals = [
    { contender: fresh.name, perSecond: 300_000 },
    { contender: repeated.name, perSecond: 10_000_000 },
  ];
  return {
    title: `routing: topic lookup, ${bindings.toLocaleString('en')} bindings`,
    unit: 'lookups',
    contenders: [regexScan(workload), trie, fresh, repeated],
    goals: bindings === 100_000 ? goals : [],
  };
}

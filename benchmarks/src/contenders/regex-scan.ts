import type { Contender } from '../contender.ts';
import { loop } from '../contender.ts';
import type { TopicWorkload } from '../topic-workload.ts';

/** What Kombu does: one regular expression for each binding, tried one after the other. Here with AMQP's meaning of `#`. */
export function regexScan({ patterns, keys }: TopicWorkload): Contender {
  const table = patterns.map((pattern, index) => ({ regex: regexOf(pattern), queue: `queue${index}` }));
  let found = 0;
  return loop('linear regex scan', (count) => {
    for (let index = 0; index < count; index += 1) {
      const key = keys[index % keys.length] as string;
      const queues: string[] = [];
      for (const { regex, queue } of table) if (regex.test(key)) queues.push(queue);
      found += queues.length;
    }
    if (found === 0) throw new Error('no key matched');
  });
}

/** Good enough for patterns whose `#` stands at the end. */
function regexOf(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace('\\.#', '(\\..*)?')}$`);
}

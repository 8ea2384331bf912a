import Table from 'cli-table3';

export interface QueueReport {
  readonly queue: string;
  readonly exchange: string;
  /** What the data says that it has to get. */
  readonly expected: number;
  /** Different messages that it got. */
  readonly routed: number;
  /** All deliveries, those after a requeue included. */
  readonly delivered: number;
  readonly acked: number;
  readonly requeued: number;
  /** Deliveries to each of the consumers that shared it. */
  readonly shares: readonly number[];
  readonly ok: boolean;
  readonly problems: readonly string[];
}

export interface DemoReport {
  readonly queues: readonly QueueReport[];
  /** How many there are to publish. */
  readonly messages: number;
  readonly published: number;
  /** What a resolved publish meant on this broker. */
  readonly guarantees: readonly string[];
  /** From the first publish to the last ack. */
  readonly seconds: number;
  /** Milliseconds from the call of `publish` to the handler, in ascending order. */
  readonly latencies: readonly number[];
  readonly ok: boolean;
}

const head = ['queue', 'exchange', 'expected', 'routed', 'delivered', 'acked', 'requeued', 'ok'];

/** The report for people: a table, the sums, the speed, and what is wrong if anything is. */
export function formatReport(report: DemoReport): string {
  const { queues } = report;
  const table = new Table({
    head,
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const each of queues) table.push(rowOf(each));
  return [table.toString(), ...competition(queues), ...totals(report), ...verdict(report)].join('\n');
}

function rowOf({ queue, exchange, expected, routed, delivered, acked, requeued, ok }: QueueReport): string[] {
  return [queue, exchange, ...[expected, routed, delivered, acked, requeued].map(String), ok ? 'yes' : 'NO'];
}

function competition(queues: readonly QueueReport[]): string[] {
  const shared = queues.filter(({ shares }) => shares.length > 1);
  return shared.map(({ queue, shares }) => `${queue} was shared by ${shares.length} consumers: ${shares.join(' + ')}`);
}

function totals({ queues, messages, published, guarantees, seconds, latencies }: DemoReport): string[] {
  const sum = (of: 'expected' | 'delivered' | 'acked' | 'requeued'): number =>
    queues.reduce((total, queue) => total + queue[of], 0);
  const perSecond = (count: number): string => (seconds > 0 ? Math.round(count / seconds).toLocaleString('en') : '-');
  const at = (percent: number): string => percentile(latencies, percent)?.toFixed(1) ?? '-';
  return [
    `published ${published} of ${messages} (${guarantees.join(', ') || 'none'}), expected ${sum('expected')} copies, ` +
      `delivered ${sum('delivered')}, acked ${sum('acked')}, requeued ${sum('requeued')}`,
    `throughput: ${perSecond(published)} published/s, ${perSecond(sum('delivered'))} delivered/s, in ${seconds.toFixed(2)} s`,
    `latency, publish to handler: p50 ${at(50)} ms, p95 ${at(95)} ms, p99 ${at(99)} ms`,
  ];
}

function verdict({ queues, messages, published, ok }: DemoReport): string[] {
  if (ok) return ['Every message is accounted for.'];
  const unsent = published < messages ? [`  ${messages - published} messages were not published`] : [];
  const problems = queues.flatMap((each) => each.problems.map((problem) => `  ${each.queue}: ${problem}`));
  return ['NOT every message is accounted for:', ...unsent, ...problems];
}

/** Nearest-rank percentile of ascending values. */
export function percentile(ascending: readonly number[], percent: number): number | undefined {
  return ascending[Math.max(0, Math.ceil((ascending.length * percent) / 100) - 1)];
}

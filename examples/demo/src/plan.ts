import { binding, Exchange, Queue } from '@kombu/core';
import { topicMatches } from './topic-matches.ts';
import type { Webhook } from './webhooks.ts';

/** A body on its way through the demo. */
export type Payload = Webhook['payload'];

/** One queue, and what it has to get. */
export interface PlannedQueue {
  readonly label: string;
  /** What leads to it, in words. */
  readonly from: string;
  readonly queue: Queue<Payload>;
  readonly expects: (webhook: Webhook) => boolean;
  /** How many consumers share it. */
  readonly consumers: number;
  /** Each so-many-th webhook is given back once, to see it come again; 0: none. */
  readonly requeueEvery: number;
}

/** One exchange with its queues. */
export interface Route {
  readonly label: string;
  readonly exchange: Exchange<Payload>;
  readonly routingKey: (webhook: Webhook) => string;
  readonly queues: readonly PlannedQueue[];
}

interface QueueTraits {
  readonly consumers?: number;
  readonly requeueEvery?: number;
}

/** The exchanges and queues of the webhooks. `run` makes their names unique, for the broker may be shared. */
export function planRoutes(run: string): readonly Route[] {
  return [topicRoute(run), directRoute(run), fanoutRoute(run)];
}

/** By patterns. A queue may have several; a message that matches more than one of them comes once. */
function topicRoute(run: string): Route {
  const label = 'demo.github.events';
  const exchange = new Exchange<Payload>(`${label}-${run}`, { type: 'topic' });
  const queue = (name: string, patterns: readonly string[], traits: QueueTraits = {}): PlannedQueue => ({
    ...planned(name, run, { bindings: patterns.map((routingKey) => binding(exchange, { routingKey })) }, traits),
    from: patterns.join(', '),
    expects: (webhook) => patterns.some((pattern) => topicMatches(pattern, webhook.routingKey)),
  });
  return {
    label,
    exchange,
    routingKey: (webhook) => webhook.routingKey,
    queues: [
      queue('everything', ['github.#'], { consumers: 3, requeueEvery: 50 }),
      queue('pull-requests', ['github.pull_request.#']),
      queue('opened', ['github.*.opened']),
      queue('issues', ['github.issues.*'], { requeueEvery: 20 }),
      queue('without-action', ['github.*']),
      queue('triage', ['github.issues.#', 'github.*.opened', '#.labeled'], { consumers: 2 }),
    ],
  };
}

/** By the name of the event, word for word. An event without a queue goes nowhere. */
function directRoute(run: string): Route {
  const label = 'demo.github.by-event';
  const exchange = new Exchange<Payload>(`${label}-${run}`, { type: 'direct' });
  const queue = (event: string, traits?: QueueTraits): PlannedQueue => ({
    ...planned(`event-${event}`, run, { exchange, routingKey: event }, traits),
    from: event,
    expects: (webhook) => webhook.event === event,
  });
  return {
    label,
    exchange,
    routingKey: (webhook) => webhook.event,
    queues: [queue('push', { requeueEvery: 3 }), queue('issues', { consumers: 2 }), queue('release')],
  };
}

/** To all. What one queue gives back must come again there and nowhere else. */
function fanoutRoute(run: string): Route {
  const label = 'demo.github.audit';
  const exchange = new Exchange<Payload>(`${label}-${run}`, { type: 'fanout' });
  const queue = (name: string, traits?: QueueTraits): PlannedQueue => ({
    ...planned(name, run, { exchange }, traits),
    from: 'all',
    expects: () => true,
  });
  return {
    label,
    exchange,
    routingKey: () => '',
    queues: [
      queue('audit-log'),
      queue('audit-metrics', { consumers: 2 }),
      queue('audit-archive', { requeueEvery: 100 }),
    ],
  };
}

function planned(
  label: string,
  run: string,
  options: ConstructorParameters<typeof Queue>[1],
  { consumers = 1, requeueEvery = 0 }: QueueTraits = {},
): Omit<PlannedQueue, 'expects' | 'from'> {
  return { label, queue: new Queue<Payload>(`demo.${label}-${run}`, options), consumers, requeueEvery };
}

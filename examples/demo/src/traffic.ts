import { isDeepStrictEqual } from 'node:util';
import type { PublishGuarantee } from '@kombu/core';
import type { Payload, PlannedQueue, Route } from './plan.ts';
import { Tally } from './tally.ts';
import type { DemoReport } from './report.ts';
import type { Webhook } from './webhooks.ts';

/** One message of the demo: a webhook on its way through one exchange. */
export interface Shipment {
  readonly id: string;
  readonly route: Route;
  readonly webhook: Webhook;
}

/** A queue of the plan with its books. */
export interface TrackedQueue {
  readonly plan: PlannedQueue;
  readonly route: Route;
  readonly tally: Tally;
  /** Deliveries to each of its consumers. */
  readonly shares: number[];
}

/** All messages of the demo and what is known of them. */
export class Traffic {
  readonly shipments: readonly Shipment[];
  readonly queues: readonly TrackedQueue[];
  readonly guarantees: Set<PublishGuarantee> = new Set();
  /** Called with the number of messages that are done. */
  onProgress: (done: number) => void = () => {};
  readonly #bodies: ReadonlyMap<string, Payload>;
  /** How many copies of each message are not acked yet. */
  readonly #left = new Map<string, number>();
  readonly #waiting = new Map<string, () => void>();
  readonly #sentAt = new Map<string, number>();
  readonly #latencies: number[] = [];
  readonly #total: number;
  #outstanding: number;
  #endedAt = 0;
  #abandoned = false;

  constructor(routes: readonly Route[], webhooks: readonly Webhook[]) {
    const shipmentsOf = (route: Route): Shipment[] =>
      webhooks.map((webhook, index) => ({ id: `${route.label}/${index + 1}`, route, webhook }));
    this.shipments = routes.flatMap(shipmentsOf);
    this.#bodies = new Map(this.shipments.map(({ id, webhook }) => [id, webhook.payload]));
    this.queues = routes.flatMap((route) =>
      route.queues.map((plan) => {
        const expected = shipmentsOf(route).filter(({ webhook }) => plan.expects(webhook));
        for (const { id } of expected) this.#left.set(id, (this.#left.get(id) ?? 0) + 1);
        return { plan, route, tally: new Tally(expected.map(({ id }) => id)), shares: [] };
      }),
    );
    this.#total = this.queues.reduce((sum, { tally }) => sum + tally.outstanding, 0);
    this.#outstanding = this.#total;
  }

  /** Copies that some queue has to get and that are not acked yet. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** A message is about to be published. */
  sent(id: string): void {
    this.#sentAt.set(id, performance.now());
  }

  /** A message came out of a queue. Returns how often it had come there before. */
  delivered(queue: TrackedQueue, id: string, body: Payload): number {
    const before = queue.tally.delivered(id, isDeepStrictEqual(body, this.#bodies.get(id)));
    const sentAt = this.#sentAt.get(id);
    if (before === 0 && sentAt !== undefined) this.#latencies.push(performance.now() - sentAt);
    return before;
  }

  acked(queue: TrackedQueue, id: string): void {
    if (!queue.tally.acked(id)) return;
    this.#outstanding -= 1;
    this.#endedAt = performance.now();
    this.onProgress(this.#total - this.#outstanding);
    const left = (this.#left.get(id) ?? 0) - 1;
    this.#left.set(id, left);
    if (left === 0) this.#waiting.get(id)?.();
  }

  /** Resolves when every queue that has to get the message has acked it, or when all is abandoned. */
  async handled(id: string): Promise<void> {
    if (this.#abandoned || (this.#left.get(id) ?? 0) === 0) return;
    await new Promise<void>((resolve) => this.#waiting.set(id, resolve));
    this.#waiting.delete(id);
  }

  /** The time is up: nobody waits any more, and the report says what is missing. */
  abandon(): void {
    this.#abandoned = true;
    for (const resolve of this.#waiting.values()) resolve();
  }

  get abandoned(): boolean {
    return this.#abandoned;
  }

  report(): DemoReport {
    const startedAt = Math.min(...this.#sentAt.values());
    const queues = this.queues.map(({ plan, route, tally, shares }) => {
      const problems = tally.problems();
      const ok = problems.length === 0;
      return { queue: plan.label, exchange: route.label, ...tally.totals, shares, ok, problems };
    });
    return {
      queues,
      messages: this.shipments.length,
      published: this.#sentAt.size,
      guarantees: [...this.guarantees],
      seconds: Math.max(0, this.#endedAt - startedAt) / 1000,
      latencies: this.#latencies.toSorted((a, b) => a - b),
      ok: this.#sentAt.size === this.shipments.length && queues.every(({ ok }) => ok),
    };
  }
}

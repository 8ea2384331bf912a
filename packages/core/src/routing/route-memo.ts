/** What a remembered route costs beside its strings and its array, in bytes; an estimate. */
const overhead = 128;

/**
 * Remembers routes by exchange and routing key, within a budget of memory. When the budget is used up it forgets everything and
 * starts anew: a stream of ever new keys then costs little more than no memo at all.
 */
export class RouteMemo {
  readonly #budget: number;
  readonly #routes = new Map<string, Map<string, readonly string[]>>();
  #used = 0;
  #size = 0;

  /** @param budget about how much to hold, in bytes. */
  constructor(budget: number) {
    this.#budget = budget;
  }

  /** The number of remembered routes. */
  get size(): number {
    return this.#size;
  }

  get(exchange: string, routingKey: string): readonly string[] | undefined {
    return this.#routes.get(exchange)?.get(routingKey);
  }

  /** Remembers a route that is not there yet; one that is larger than the whole budget is left alone. */
  set(exchange: string, routingKey: string, queues: readonly string[]): void {
    const cost = overhead + 2 * routingKey.length + 8 * queues.length;
    if (cost > this.#budget) return;
    if (this.#used + cost > this.#budget) this.clear();
    let routes = this.#routes.get(exchange);
    if (!routes) this.#routes.set(exchange, (routes = new Map()));
    routes.set(routingKey, queues);
    this.#used += cost;
    this.#size += 1;
  }

  clear(): void {
    if (this.#size === 0) return;
    this.#routes.clear();
    this.#used = 0;
    this.#size = 0;
  }
}

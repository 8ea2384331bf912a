import type { QueueDeclaration } from '@kombu/core/spi';

/** More are not remembered: who makes so many does not wait for news of each. */
const maxNames = 10_000;

/**
 * The queues of a connection that are gone when it is: the exclusive ones, and those that go with their last consumer. What is
 * published to them while their consumer is away is missed.
 */
export class FleetingQueues {
  readonly #names = new Set<string>();

  declared({ name, exclusive, autoDelete, passive }: QueueDeclaration): void {
    if (passive) return;
    if (!exclusive && !autoDelete) this.#names.delete(name);
    else if (this.#names.size < maxNames) this.#names.add(name);
  }

  deleted(name: string): void {
    this.#names.delete(name);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }
}

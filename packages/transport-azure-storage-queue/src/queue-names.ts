import { PreconditionFailedError } from '@kombu/core/spi';
import { serviceName } from './queue-name.ts';

/** More would be reply queues, whose names never come again. */
const rememberedQueues = 10_000;

/** What the queues of one link are called, and which of them were declared. */
export class QueueNames {
  readonly #prefix: string;
  readonly #names = new Map<string, string>();
  readonly #owners = new Map<string, string>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  of(queue: string): string {
    const known = this.#names.get(queue);
    if (known !== undefined) return known;
    const name = serviceName(this.#prefix, queue);
    if (this.#names.size >= rememberedQueues) this.#names.clear();
    this.#names.set(queue, name);
    return name;
  }

  /** @throws PreconditionFailedError when another queue, such as `a-b` for `a.b`, is called so already. */
  claim(queue: string): string {
    const name = this.of(queue);
    const owner = this.#owners.get(name);
    if (owner !== undefined && owner !== queue) {
      throw new PreconditionFailedError(
        `The queues ${JSON.stringify(owner)} and ${JSON.stringify(queue)} would be one: Kombu's name for both is ${name}. Rename one of them`,
      );
    }
    if (this.#owners.size >= rememberedQueues) this.#owners.clear();
    this.#owners.set(name, queue);
    return name;
  }

  forget(queue: string): void {
    const name = this.of(queue);
    if (this.#owners.get(name) === queue) this.#owners.delete(name);
  }
}

import type { OutgoingMessage, PutFailure } from '@kombu/core/spi';
import type { Delays } from './delays.ts';
import type { Keys, QueueKeys } from './keys.ts';
import type { QueueLeases } from './queue-leases.ts';
import type { Servers } from './servers/servers.ts';

export interface PutsParts {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly delays: Delays;
  readonly leases: QueueLeases;
}

/** Stands for the delayed messages where others have the place of a list. */
const delayed = -1;

/** Puts messages into the lists of their queues: one command for all of a batch that go into the same list. */
export class Puts {
  readonly #parts: PutsParts;

  constructor(parts: PutsParts) {
    this.#parts = parts;
  }

  async put(keys: QueueKeys, messages: readonly OutgoingMessage[]): Promise<void | readonly PutFailure[]> {
    const failures: PutFailure[] = [];
    const writes = Array.from(this.#byList(messages), async ([list, indexes]) => {
      const group = indexes.map((index) => messages[index] as OutgoingMessage);
      try {
        if (list === delayed) await this.#parts.delays.put(keys, group);
        else await this.#push(keys.lists[list] as string, group);
      } catch (error) {
        for (const index of indexes) failures.push({ index, error });
      }
    });
    // Behind the messages, which are in their lists whatever becomes of it; what lives for a while is touched again soon.
    writes.push(this.#parts.leases.touch(keys.queue).catch(() => undefined));
    await Promise.all(writes);
    return failures.length > 0 ? failures : undefined;
  }

  /** The indexes of the messages, by the place of the list where they belong. */
  #byList(messages: readonly OutgoingMessage[]): Map<number, number[]> {
    const groups = new Map<number, number[]>();
    for (const [index, { delayMs, priority }] of messages.entries()) {
      const list = delayMs > 0 ? delayed : this.#parts.keys.listOf(priority);
      const group = groups.get(list);
      if (group) group.push(index);
      else groups.set(list, [index]);
    }
    return groups;
  }

  async #push(list: string, messages: readonly OutgoingMessage[]): Promise<void> {
    const args = [list];
    for (const { payload } of messages) args.push(payload);
    await this.#parts.servers.call({ name: 'LPUSH', key: list, args });
  }
}

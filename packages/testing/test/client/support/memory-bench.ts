import type { ConnectionOptions } from '@kombu/core';
import { Connection } from '@kombu/core';

import { FaultyTransport } from '../../../src/fault/faulty-transport.ts';
import type { MemoryBroker } from '../../../src/memory/memory-broker.ts';
import type { MemoryTransport } from '../../../src/memory/memory-transport.ts';
import { createMemoryTransport } from '../../../src/memory/memory-transport.ts';
import { ManualClock } from '../../../src/manual-clock.ts';

/** The in-memory transport behind a network that fails on order, on a clock that stands still. */
export class MemoryBench {
  readonly clock: ManualClock = new ManualClock();
  readonly memory: MemoryTransport = createMemoryTransport({ clock: this.clock });
  readonly network: FaultyTransport = new FaultyTransport(this.memory, [], { clock: this.clock });
  readonly log: string[] = [];
  readonly #connections: Connection[] = [];

  get broker(): MemoryBroker {
    return this.memory.broker() as MemoryBroker;
  }

  connection(options: ConnectionOptions = {}, url: string | readonly string[] = 'memory://'): Connection {
    const line = (message: string): void => void this.log.push(message);
    const connection = new Connection(url, {
      transport: this.network,
      clock: this.clock,
      random: () => 1,
      logger: { debug() {}, info() {}, warn: line, error: line },
      ...options,
    });
    this.#connections.push(connection);
    return connection;
  }

  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  within<T>(maxMs: number, promise: Promise<T>): Promise<T> {
    return this.clock.advanceUntil(promise, maxMs);
  }

  until(maxMs: number, condition: () => boolean): Promise<void> {
    return this.clock.advanceUntil(condition, maxMs);
  }

  /** Closes what is open; then no timer may be left. */
  async close(): Promise<void> {
    this.network.heal();
    for (const connection of this.#connections) await this.within(60_000, connection.close({ timeout: 0 }));
    this.memory.reset();
    await this.settle();
    expect(this.clock.pending).toBe(0);
  }
}

/** Calls `test` with the in-memory transport, and then closes it. */
export function onMemory(test: (bench: MemoryBench) => Promise<void>): () => Promise<void> {
  return async () => {
    const bench = new MemoryBench();
    await test(bench);
    await bench.close();
  };
}

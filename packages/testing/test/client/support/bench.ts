import type { ConnectionOptions, Logger } from '@kombu/core';
import { Connection } from '@kombu/core';
import type { Capabilities } from '@kombu/core/spi';

import type { TransportFaultRule } from '../../../src/fault/faulty-transport.ts';
import { FaultyTransport } from '../../../src/fault/faulty-transport.ts';
import { ManualClock } from '../../../src/manual-clock.ts';
import { StrictBroker } from './strict-broker.ts';

/** A line of the log of a connection. */
export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A strict broker, a network that fails on order, a clock that stands still, and connections that log into a list. */
export class Bench {
  readonly clock: ManualClock = new ManualClock();
  readonly broker: StrictBroker;
  readonly rules: TransportFaultRule[] = [];
  readonly network: FaultyTransport;
  readonly log: LogLine[] = [];
  readonly #connections: Connection[] = [];

  constructor(capabilities: Partial<Capabilities> = {}) {
    this.broker = new StrictBroker(capabilities);
    this.network = new FaultyTransport(this.broker, this.rules, { clock: this.clock });
  }

  get logger(): Logger {
    const line =
      (level: keyof Logger) =>
      (message: string, fields = {}): void =>
        void this.log.push({ level, message, fields });
    return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  }

  connection(options: ConnectionOptions = {}, url: string | readonly string[] = 'strict://broker'): Connection {
    const connection = new Connection(url, {
      transport: this.network,
      clock: this.clock,
      random: () => 1,
      logger: this.logger,
      ...options,
    });
    this.#connections.push(connection);
    return connection;
  }

  /** Lets happen what needs no time. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  /** Moves time until the promise settles, at most so far; settles as it does. */
  within<T>(maxMs: number, promise: Promise<T>): Promise<T> {
    return this.clock.advanceUntil(promise, maxMs);
  }

  /** Moves time until the condition holds, at most so far. */
  until(maxMs: number, condition: () => boolean): Promise<void> {
    return this.clock.advanceUntil(condition, maxMs);
  }

  /** The messages of the log at one level. */
  logged(level: keyof Logger): string[] {
    return this.log.filter((line) => line.level === level).map(({ message }) => message);
  }

  /** Closes what is open; then no timer may be left. */
  async close(): Promise<void> {
    this.rules.length = 0;
    this.network.heal();
    for (const connection of this.#connections) await this.within(60_000, connection.close({ timeout: 0 }));
    await this.settle();
    expect(this.clock.pending).toBe(0);
  }
}

/** Calls `test` with a bench, and then closes it. */
export function onBench(
  test: (bench: Bench) => Promise<void>,
  capabilities: Partial<Capabilities> = {},
): () => Promise<void> {
  return async () => {
    const bench = new Bench(capabilities);
    await test(bench);
    await bench.close();
  };
}

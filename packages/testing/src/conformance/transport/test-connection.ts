import type { TransportConnection } from '@kombu/core/spi';
import type { StallableClock } from '../stallable-clock.ts';
import { Recorder } from './recorder.ts';
import { TestChannel } from './test-channel.ts';
import type { TransportTest } from './transport-test.ts';

/** A connection in the hands of a case. */
export class TestConnection {
  readonly raw: TransportConnection;
  /** How often `closed` resolved, and with what. */
  readonly ends: (Error | undefined)[] = [];
  /** What `closed` rejected with, which it must never do. */
  readonly faults: unknown[] = [];
  readonly #t: TransportTest;
  readonly #clock: StallableClock;

  constructor(t: TransportTest, raw: TransportConnection, clock: StallableClock) {
    this.#t = t;
    this.raw = raw;
    this.#clock = clock;
    raw.closed.then(
      (error) => this.ends.push(error),
      (error: unknown) => this.faults.push(error),
    );
  }

  async channel(): Promise<TestChannel> {
    const events = new Recorder();
    const channel = await this.#t.wait(this.raw.openChannel(events), 'openChannel()');
    return new TestChannel(this.#t, channel, events);
  }

  /** From now on no timer of this connection fires, as if its process were blocked or dead. */
  stall(): void {
    this.#clock.stall();
  }

  /** The process goes on. */
  resume(): void {
    this.#clock.resume();
  }

  close(): Promise<void> {
    return this.#t.wait(this.raw.close(), 'close() of the connection');
  }
}

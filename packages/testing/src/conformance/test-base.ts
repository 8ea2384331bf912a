import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Capabilities } from '@kombu/core/spi';
import type { CaseTime } from './case-time.ts';
import type { HarnessOptions } from './harness.ts';
import { isLeaseShort } from './offers.ts';

/** What cases of both suites have at hand: names, time, and waits that end. */
export abstract class TestBase {
  readonly capabilities: Capabilities;
  readonly #time: CaseTime;
  readonly #options: HarnessOptions;

  constructor(options: HarnessOptions, capabilities: Capabilities, time: CaseTime) {
    this.#options = options;
    this.capabilities = capabilities;
    this.#time = time;
  }

  protected get time(): CaseTime {
    return this.#time;
  }

  /** The lease in force in milliseconds; for cases that require `lease`. */
  get leaseMs(): number {
    return this.#options.leaseMs ?? this.capabilities.leaseMs ?? Number.NaN;
  }

  /** How long it may take until a message whose holder is gone comes back, in milliseconds. */
  get comebackMs(): number {
    return this.deadlineMs + (Number.isNaN(this.leaseMs) ? 0 : this.leaseMs * 2);
  }

  /** Lets leases end, where there are any and that can be waited for. */
  async outlastLeases(): Promise<void> {
    if (isLeaseShort(this.leaseMs, this.#options)) await this.advance(this.leaseMs * 1.5);
  }

  get now(): number {
    return this.#time.now();
  }

  /** A name that no other case and no other run uses. */
  name(hint: string): string {
    return this.#options.uniqueName?.(hint) ?? `${hint}-${randomUUID().slice(0, 8)}`;
  }

  /** Milliseconds of a TTL or a delay, stretched for brokers with a coarse clock. */
  span(ms: number): number {
    return Math.ceil(ms * (this.#options.timeScale ?? 1));
  }

  /** Lets time pass. */
  advance(ms: number): Promise<void> {
    return this.#time.advance(ms);
  }

  /** Lets everything that is on its way arrive. */
  settle(): Promise<void> {
    return this.#time.advance(this.#options.quietMs ?? 100);
  }

  /** For a promise that is awaited later: when the case fails before that, its rejection is nobody's. */
  later<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => undefined);
    return promise;
  }

  /** The promise's value or rejection; fails, naming `what`, when it is still pending at the deadline. */
  async wait<T>(promise: Promise<T>, what: string, maxMs: number = this.deadlineMs): Promise<T> {
    let settled = false;
    const mark = (): void => void (settled = true);
    const why = await this.#time.passUntil(() => settled, maxMs, promise.then(mark, mark));
    if (why !== undefined) assert.fail(`${what} is still pending ${why}`);
    return promise;
  }

  /** Waits until the condition holds; fails, naming `what`, when it still does not at the deadline. */
  async until(condition: () => boolean, what: string | (() => string), maxMs: number = this.deadlineMs): Promise<void> {
    const why = await this.#time.passUntil(condition, maxMs);
    if (why !== undefined) assert.fail(`${typeof what === 'string' ? what : what()}: did not happen, ${why}`);
  }

  /** Asks again and again until the answer is not undefined; fails, naming `what`, at the deadline. */
  async poll<T>(ask: () => Promise<T | undefined>, what: string, maxMs: number = this.deadlineMs): Promise<T> {
    const deadline = this.now + maxMs;
    for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (this.now >= deadline) assert.fail(`${what}: did not happen, after ${maxMs} ms`);
      await this.advance(pause);
    }
  }

  /** Equal, and in the same order where the transport keeps one. */
  same(actual: readonly string[], expected: readonly string[], message: string): void {
    const fifo = this.capabilities.ordering === 'fifo';
    assert.deepEqual(fifo ? actual : actual.toSorted(), fifo ? expected : expected.toSorted(), message);
  }

  get deadlineMs(): number {
    return this.#options.deadlineMs ?? 10_000;
  }
}

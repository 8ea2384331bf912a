import type { Clock, ClockTimer } from '../clock.ts';
import type { KombuError } from '../errors.ts';
import type { QueueDeclaration } from '../spi/declarations.ts';
import type { QueuePolicy } from './queue-policy.ts';

/** What a queue knows of a consumer. */
export interface QueueConsumer {
  readonly exclusive: boolean;
  /** The queue is gone: nothing more will come. */
  queueDeleted(reason: KombuError): void;
}

/** Node's timers fire at once beyond this. */
const longestTimer = 2 ** 31 - 1;

/** A queue as it was declared, and who uses it. */
export class DeclaredQueue {
  readonly declaration: QueueDeclaration;
  readonly policy: QueuePolicy;
  /** The connection that it belongs to, when it is exclusive. */
  readonly owner: object | undefined;
  readonly consumers: Set<QueueConsumer> = new Set();
  deleted = false;
  readonly #clock: Clock;
  readonly #expired: () => void;
  #lastUse: number;
  #timer: ClockTimer | undefined;

  constructor(
    declaration: QueueDeclaration,
    policy: QueuePolicy,
    owner: object | undefined,
    clock: Clock,
    expired: () => void,
  ) {
    this.declaration = declaration;
    this.policy = policy;
    this.owner = owner;
    this.#clock = clock;
    this.#expired = expired;
    this.#lastUse = clock.now();
    this.#arm();
  }

  /** Restarts the time of `x-expires`. */
  touch(): void {
    if (this.policy.expires !== undefined) this.#lastUse = this.#clock.now();
  }

  /** Stops the timer; the queue is gone. */
  close(): void {
    this.deleted = true;
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Uses only move `#lastUse`; the timer looks again when it fires. */
  #arm(): void {
    const { expires } = this.policy;
    if (expires === undefined) return;
    const due = this.consumers.size > 0 ? expires : this.#lastUse + expires - this.#clock.now();
    if (due <= 0) return this.#expired();
    this.#timer = this.#clock.setTimeout(() => this.#arm(), Math.min(due, longestTimer));
    this.#timer.unref();
  }
}

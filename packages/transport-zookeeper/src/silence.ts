import type { Clock, ClockTimer } from '@kombu/core/spi';

/** A timer that fires so much later than it had to was held up, in milliseconds. */
const lateMs = 20;

/**
 * Tells when nothing was heard for two thirds of a session, as ZooKeeper's own client does: the library sends a sign of life
 * each third, and the server ends the session after three thirds. So a process that is cut off knows before others are given
 * its messages.
 */
export class Silence {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #broken: (ms: number) => void;
  #heardAt: number;
  #dueAt = 0;
  #isLast = false;
  #timer: ClockTimer | undefined;

  constructor(clock: Clock, sessionMs: number, broken: (ms: number) => void) {
    this.#clock = clock;
    this.#limitMs = Math.ceil((sessionMs * 2) / 3);
    this.#broken = broken;
    this.#heardAt = clock.now();
    this.#sleep(this.#limitMs);
  }

  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#isLast = false;
  }

  stop(): void {
    if (this.#timer) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #sleep(ms: number): void {
    this.#dueAt = this.#clock.now() + ms;
    this.#timer = this.#clock.setTimeout(() => this.#check(), ms);
    this.#timer.unref();
  }

  #check(): void {
    const now = this.#clock.now();
    const silentMs = now - this.#heardAt;
    if (silentMs < this.#limitMs) return this.#sleep(this.#limitMs - silentMs);
    // The process itself was held up: what the server said meanwhile is still in the socket.
    const wasHeldUp = now - this.#dueAt > lateMs && !this.#isLast;
    if (!wasHeldUp) return this.#broken(silentMs);
    this.#isLast = true;
    this.#sleep(Math.ceil(this.#limitMs / 8));
  }
}

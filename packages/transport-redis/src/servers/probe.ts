import { ConnectionError, type Clock, type ClockTimer } from '@kombu/core/spi';
import type { RedisClient } from '../client.ts';
import { allArrived } from '../all-arrived.ts';
import type { RedisOptions } from '../options.ts';

export interface ProbeParts {
  readonly clock: Clock;
  readonly options: Pick<RedisOptions, 'healthCheckInterval' | 'socketTimeout'>;
}

/** Finds out that a socket is dead although nobody closed it: each one is asked now and then, and has to answer in time. */
export class Probe {
  readonly #clients: readonly RedisClient[];
  readonly #parts: ProbeParts;
  readonly #dead: (error: Error) => void;
  #timer: ClockTimer | undefined;
  #stopped = false;

  constructor(clients: readonly RedisClient[], parts: ProbeParts, dead: (error: Error) => void) {
    this.#clients = clients;
    this.#parts = parts;
    this.#dead = dead;
    this.#rest();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) this.#parts.clock.clearTimeout(this.#timer);
  }

  #rest(): void {
    const { clock, options } = this.#parts;
    if (this.#stopped || options.healthCheckInterval === 0) return;
    this.#timer = clock.setTimeout(() => this.#ask(), options.healthCheckInterval);
    this.#timer.unref();
  }

  #ask(): void {
    const { clock, options } = this.#parts;
    const late = new ConnectionError(
      `Redis has not answered a PING within ${options.socketTimeout} ms, so the connection is taken for dead`,
    );
    let isAnswered = false;
    const judge = async (): Promise<void> => {
      // A handler that kept the process busy keeps it from reading too: the answer may have been waiting for us.
      await allArrived();
      if (!isAnswered) this.#dead(late);
    };
    this.#timer = clock.setTimeout(() => void judge(), options.socketTimeout);
    this.#timer.unref();
    const answers = this.#clients.map((client) => client.call('ping', []));
    // An answer that is an error is an answer; a socket that broke says so itself.
    void Promise.allSettled(answers).then(() => {
      isAnswered = true;
      if (this.#stopped) return;
      if (this.#timer) clock.clearTimeout(this.#timer);
      this.#rest();
    });
  }
}

import type { Clock } from '../clock.ts';
import { ConnectionError, InvalidArgumentError, LimitExceededError, TimeoutError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { consoleLogger, guardLogger } from '../logger.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import { TimeBudget } from '../reliability/time-budget.ts';

/** A resource on loan from a pool. */
export interface PooledResource<R> extends AsyncDisposable {
  readonly value: R;
  /** Gives it back. Idempotent. */
  release(): void;
  /** Closes it and frees its place, when it is broken. */
  replace(): Promise<void>;
}

/** How a pool makes and unmakes what it holds. */
export interface ResourceKind<R> {
  create(): R | Promise<R>;
  close(resource: R): Promise<unknown>;
  /** Can it be lent out again? */
  isUsable(resource: R): boolean;
}

const defaultAcquireTimeout = 30_000;

/**
 * A last-in-first-out pool with a hard limit. What is acquired has to be released; without a limit (0) each acquire makes a
 * resource and each release closes it.
 */
export class ResourcePool<R> implements AsyncDisposable {
  readonly #kind: ResourceKind<R>;
  /** For the parts of this library. */
  readonly clock: Clock;
  readonly #logger: Logger;
  readonly #idle: R[] = [];
  readonly #lent = new Set<R>();
  readonly #waiters = new Set<() => void>();
  #pending = 0;
  #limit: number;
  #closed = false;

  /** @param logger - Is told of resources that could not be closed. */
  constructor(kind: ResourceKind<R>, clock: Clock, limit = 0, logger: Logger = consoleLogger) {
    checkLimit(limit);
    this.#kind = kind;
    this.clock = clock;
    this.#logger = guardLogger(logger);
    this.#limit = limit;
  }

  /** 0: no limit. */
  get limit(): number {
    return this.#limit;
  }

  /** Resources on loan. */
  get size(): number {
    return this.#lent.size + this.#pending;
  }

  /** Takes one, waiting for its turn at most `timeout` milliseconds (default 30000); rejects with LimitExceededError. */
  async acquire(wait: WaitOptions = {}): Promise<PooledResource<R>> {
    const budget = new TimeBudget(wait, this.clock, defaultAcquireTimeout);
    while (!this.#closed && this.#isFull) await this.#turn(budget.left);
    return this.tryAcquire();
  }

  /** Takes one at once; rejects with LimitExceededError when all are on loan. */
  async tryAcquire(): Promise<PooledResource<R>> {
    if (this.#closed) throw new ConnectionError('The pool is closed', { code: 'CLOSED' });
    if (this.#isFull) throw this.#exhausted();
    this.#pending += 1;
    try {
      const resource = this.#takeIdle() ?? (await this.#kind.create());
      if (this.#closed) {
        await this.#discard(resource);
        throw new ConnectionError('The pool was closed meanwhile', { code: 'CLOSED' });
      }
      this.#lent.add(resource);
      return this.#lease(resource);
    } catch (error) {
      this.#wakeOne();
      throw error;
    } finally {
      this.#pending -= 1;
    }
  }

  /** Runs `work` with a resource and gives it back; closes it instead when `work` fails, for it may be broken. */
  async use<T>(work: (resource: R) => Promise<T>, wait: WaitOptions = {}): Promise<T> {
    const lease = await this.acquire(wait);
    try {
      const result = await work(lease.value);
      lease.release();
      return result;
    } catch (error) {
      await lease.replace();
      throw error;
    }
  }

  /** Changes the limit. Shrinking below what is on loan throws InvalidArgumentError, unless `force`. */
  async resize(limit: number, options: { readonly force?: boolean } = {}): Promise<void> {
    checkLimit(limit);
    if (limit !== 0 && limit < this.size && !options.force) {
      throw new InvalidArgumentError(
        `The pool cannot shrink to ${limit} while ${this.size} are on loan; pass force to do it all the same`,
      );
    }
    this.#limit = limit;
    this.#wake();
    const surplus = limit === 0 ? [] : this.#idle.splice(0, Math.max(0, this.#idle.length + this.size - limit));
    await Promise.all(surplus.map((resource) => this.#discard(resource)));
  }

  /** Closes all resources, also those on loan. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    const all = [...this.#idle.splice(0), ...this.#lent];
    this.#lent.clear();
    await Promise.all(all.map((resource) => this.#discard(resource)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #isFull(): boolean {
    return this.#limit !== 0 && this.size >= this.#limit;
  }

  #takeIdle(): R | undefined {
    for (;;) {
      const resource = this.#idle.pop();
      if (resource === undefined || this.#kind.isUsable(resource)) return resource;
      void this.#discard(resource);
    }
  }

  #lease(resource: R): PooledResource<R> {
    const release = (): void => {
      if (!this.#lent.delete(resource)) return;
      if (this.#limit === 0 || this.#closed || this.size >= this.#limit || !this.#kind.isUsable(resource)) {
        void this.#discard(resource);
      } else this.#idle.push(resource);
      this.#wakeOne();
    };
    const replace = async (): Promise<void> => {
      if (!this.#lent.delete(resource)) return;
      this.#wakeOne();
      await this.#discard(resource);
    };
    return { value: resource, release, replace, [Symbol.asyncDispose]: () => Promise.resolve(release()) };
  }

  /** What cannot be closed is broken, and gone all the same. */
  async #discard(resource: R): Promise<void> {
    try {
      await this.#kind.close(resource);
    } catch (error) {
      this.#logger.warn('A pooled resource could not be closed; its place is free all the same', { error });
    }
  }

  async #turn(wait: WaitOptions): Promise<void> {
    let wake!: () => void;
    const turn = new Promise<void>((resolve) => {
      wake = resolve;
      this.#waiters.add(wake);
    });
    try {
      await bounded(turn, wait, this.clock, 'Waiting for a pooled resource');
    } catch (error) {
      // Woken and given up in the same moment: the next in line gets the turn.
      if (!this.#waiters.delete(wake)) this.#wakeOne();
      throw error instanceof TimeoutError ? this.#exhausted(error) : error;
    }
  }

  #wakeOne(): void {
    for (const wake of this.#waiters) {
      this.#waiters.delete(wake);
      wake();
      return;
    }
  }

  #wake(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  #exhausted(cause?: Error): LimitExceededError {
    return new LimitExceededError(`All ${this.#limit} resources of the pool are on loan`, cause ? { cause } : {});
  }
}

function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new InvalidArgumentError(`The limit of a pool is an integer of at least 0, not ${String(limit)}`);
  }
}

import type { Clock, Random } from '../clock.ts';
import type { ErrorCode } from '../errors.ts';
import { ConnectionError, KombuError, TimeoutError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import type { CompleteRetryPolicy } from '../reliability/retry.ts';
import { retryInterval, retryOverTime, sleep } from '../reliability/retry.ts';
import type { TransportConnection } from '../spi/transport.ts';

/** `recovering`: the link broke and a new one is on its way. `idle`: no link, and nobody asked for one. */
export type ConnectionState = 'idle' | 'connecting' | 'ready' | 'recovering' | 'closing' | 'closed';

/** What the supervisor leaves to others. */
export interface SupervisorParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly connectTimeout: number;
  /** undefined: no recovery; a broken link stays broken until the next use. */
  readonly recovery: CompleteRetryPolicy | undefined;
  /** Number of hosts in the failover list. */
  hosts(): number;
  /** One attempt at the current host. */
  dial(signal: AbortSignal): Promise<TransportConnection>;
  /** Moves on to the next host. */
  switchHost(): void;
  /** Brings a new link to the declared state; rejects only when the link itself is broken. */
  converge(link: TransportConnection): Promise<void>;
  stateChanged(state: ConnectionState, error?: Error): void;
  linkUp(link: TransportConnection): void;
  linkDown(error: Error | undefined): void;
}

/** Trying again with the same settings cannot help against these. */
const fatalCodes: ReadonlySet<ErrorCode> = new Set([
  'ACCESS_REFUSED',
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'TRANSPORT_NOT_INSTALLED',
  'UNKNOWN_TRANSPORT',
  'UNSUPPORTED',
  'CLOSED',
]);

/** A link that lived shorter than this counts as a failed attempt, so that a broker that accepts and drops is not hammered. */
const stableAfterMs = 5000;

/** A broker that takes the connection and then answers nothing is as good as down. */
const convergeTimeoutMs = 30_000;

/**
 * The one owner of the link to the broker. Each new link is a generation: it is brought to the declared state before anybody
 * may use it, and when it breaks, a new one is made by the recovery policy.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #closing = new AbortController();
  readonly #waiters = new Set<{ resolve(link: TransportConnection): void; reject(error: Error): void }>();
  #state: ConnectionState = 'idle';
  #link: TransportConnection | undefined;
  /** Callers of `connect`, each with what ends its tries. */
  readonly #callers = new Set<AbortController>();
  #attempt: Promise<TransportConnection> | undefined;
  #giveUp: AbortController | undefined;
  #stopLoop: AbortController | undefined;
  #everConnected = false;
  #gaveUp = false;
  #upSince = 0;
  #flaps = 0;
  #generation = 0;
  #lastError: Error | undefined;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The live link, if there is one. */
  get link(): TransportConnection | undefined {
    return this.#link;
  }

  /** How many links there were so far. */
  get generation(): number {
    return this.#generation;
  }

  /** Why there is no link. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** Recovery used up its policy; the next use starts again. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** Fires when the connection closes for good; its reason is the error to give to whoever waits. */
  get closeSignal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Connects by the given policy, or joins an attempt under way. Rejects with what the last attempt met. */
  async connect(policy: CompleteRetryPolicy, wait: WaitOptions): Promise<void> {
    if (this.#link) return;
    this.#failIfClosed();
    // The attempts end with their audience: a caller who gave up leaves no loop behind.
    const stop = new AbortController();
    this.#callers.add(stop);
    const tries = retryOverTime(() => this.#tryOnce(), policy, {
      ...this.#retryContext(stop.signal),
      isRetryable: (error) => !isFatal(error),
    });
    try {
      await bounded(tries, wait, this.#parts.clock, 'Connecting', () => this.#lastError);
    } finally {
      tries.catch(() => {});
      stop.abort();
      this.#callers.delete(stop);
      this.#stopIfUnwanted();
    }
  }

  /** The link, as soon as there is one: starts connecting if need be, and outlives broken attempts within the given bounds. */
  ready(wait: WaitOptions, doing: string): Promise<TransportConnection> {
    if (this.#link) return Promise.resolve(this.#link);
    if (this.#closing.signal.aborted) return Promise.reject(closedError());
    let waiter!: { resolve(link: TransportConnection): void; reject(error: Error): void };
    const link = new Promise<TransportConnection>((resolve, reject) => {
      waiter = { resolve, reject };
    });
    this.#waiters.add(waiter);
    this.#startLoop();
    return bounded(link, wait, this.#parts.clock, doing, () => this.#lastError).finally(() => {
      this.#waiters.delete(waiter);
      this.#stopIfUnwanted();
    });
  }

  /** Ends all attempts and the link, within bounds that the caller sets by racing it. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#closing.abort(closedError());
    for (const ending of [...this.#callers, this.#stopLoop, this.#giveUp]) ending?.abort(closedError());
    for (const waiter of this.#waiters) waiter.reject(closedError());
    this.#waiters.clear();
    await this.#attempt?.catch(() => {});
    await this.#link?.close();
  }

  /** For the connection, which knows about the phases of closing. */
  setState(state: ConnectionState, error?: Error): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#parts.stateChanged(state, error);
  }

  /** Drops the link so that the next use, or recovery, makes a new one. */
  async dropLink(link: TransportConnection, reason: Error): Promise<void> {
    this.#down(link, reason);
    await link.close();
  }

  #startLoop(): void {
    if (this.#stopLoop) return;
    this.#stopLoop = new AbortController();
    const policy = this.#parts.recovery ?? { ...noRetry, maxRetries: this.#parts.hosts() - 1 };
    void this.#loop(policy, this.#stopLoop.signal).finally(() => {
      this.#stopLoop = undefined;
      // A waiter may have come, or the link gone, between the last check and here.
      if (!this.#link && (this.#waiters.size > 0 || this.#wantsLink)) this.#startLoop();
    });
  }

  get #wantsLink(): boolean {
    return this.#everConnected && this.#parts.recovery !== undefined && !this.#closing.signal.aborted && !this.#gaveUp;
  }

  /** Leaves no attempt, no loop and no timer behind when the last who waited gave up. */
  #stopIfUnwanted(): void {
    if (this.#waiters.size > 0 || this.#callers.size > 0 || this.#wantsLink) return;
    this.#stopLoop?.abort();
    this.#giveUp?.abort(new ConnectionError('Connecting was given up', { code: 'CONNECTION_FAILED' }));
  }

  async #loop(policy: CompleteRetryPolicy, signal: AbortSignal): Promise<void> {
    try {
      const rest = this.#flaps > 0 ? retryInterval(policy, this.#flaps - 1, this.#parts.random) : 0;
      if (rest > 0) await sleep(this.#parts.clock, rest, signal);
      await retryOverTime(() => this.#tryOnce(), policy, {
        ...this.#retryContext(signal),
        // Before the first success a wrong password is the user's mistake; after it, the broker's passing trouble.
        isRetryable: (error) => (this.#wantsLink || this.#waiters.size > 0) && (this.#everConnected || !isFatal(error)),
      });
    } catch (error) {
      if (this.#closing.signal.aborted || this.#link) return;
      if (signal.aborted) return this.setState('idle');
      this.#gaveUp = this.#everConnected;
      this.setState('idle', error as Error);
      for (const waiter of this.#waiters) waiter.reject(error as Error);
      this.#waiters.clear();
    }
  }

  #retryContext(signal: AbortSignal): { clock: Clock; random: Random; signal: AbortSignal; lap: () => number } {
    return { clock: this.#parts.clock, random: this.#parts.random, signal, lap: () => this.#parts.hosts() };
  }

  /** One attempt, shared by all who want a link at this moment. */
  #tryOnce(): Promise<TransportConnection> {
    if (this.#link) return Promise.resolve(this.#link);
    this.#attempt ??= this.#open().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #open(): Promise<TransportConnection> {
    this.#failIfClosed();
    this.setState(this.#everConnected ? 'recovering' : 'connecting');
    const giveUp = new AbortController();
    this.#giveUp = giveUp;
    try {
      const link = await this.#dial(giveUp);
      await this.#converge(link, giveUp.signal);
      this.#up(link);
      return link;
    } catch (error) {
      this.#lastError = error as Error;
      if (!this.#closing.signal.aborted) {
        if (this.#state === 'connecting') this.setState('idle', error as Error);
        this.#parts.switchHost();
      }
      throw error;
    } finally {
      this.#giveUp = undefined;
    }
  }

  async #dial(giveUp: AbortController): Promise<TransportConnection> {
    const { clock, connectTimeout } = this.#parts;
    const { signal } = giveUp;
    const dialled = this.#parts.dial(signal);
    try {
      return await bounded(dialled, { timeout: connectTimeout, signal }, clock, 'Connecting');
    } catch (error) {
      giveUp.abort(error);
      // A link that comes after all is nobody's: close it.
      dialled.then(
        (late) => late.close(),
        () => {},
      );
      throw error instanceof TimeoutError ? connectTimedOut(error) : error;
    }
  }

  async #converge(link: TransportConnection, signal: AbortSignal): Promise<void> {
    const broke = link.closed.then((error) => {
      throw error ?? new ConnectionError('The connection was closed while it was being set up');
    });
    broke.catch(() => {});
    try {
      const converged = Promise.race([this.#parts.converge(link), broke]);
      const doing = 'Restoring exchanges, queues and bindings';
      await bounded(converged, { timeout: convergeTimeoutMs, signal }, this.#parts.clock, doing);
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  #up(link: TransportConnection): void {
    this.#link = link;
    this.#generation += 1;
    this.#everConnected = true;
    this.#gaveUp = false;
    this.#lastError = undefined;
    this.#upSince = this.#parts.clock.now();
    this.setState('ready');
    void link.closed.then((error) => this.#down(link, error));
    this.#parts.linkUp(link);
    for (const waiter of this.#waiters) waiter.resolve(link);
    this.#waiters.clear();
  }

  #down(link: TransportConnection, error: Error | undefined): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#lastError = error;
    this.#flaps = this.#parts.clock.now() - this.#upSince < stableAfterMs ? this.#flaps + 1 : 0;
    this.#parts.linkDown(error);
    if (this.#closing.signal.aborted) return;
    this.#parts.logger.warn('The connection to the broker was lost', { error });
    if (this.#parts.recovery) {
      this.setState('recovering', error);
      this.#startLoop();
    } else this.setState('idle', error);
  }

  #failIfClosed(): void {
    if (this.#closing.signal.aborted) throw closedError();
  }
}

const noRetry: CompleteRetryPolicy = {
  maxRetries: 0,
  intervalStart: 0,
  intervalStep: 0,
  intervalMax: 0,
  jitter: false,
  timeout: Infinity,
};

function isFatal(error: unknown): boolean {
  return !(error instanceof KombuError) || fatalCodes.has(error.code);
}

export function closedError(message = 'The connection is closed'): ConnectionError {
  return new ConnectionError(message, { code: 'CLOSED' });
}

function connectTimedOut(error: TimeoutError): ConnectionError {
  return new ConnectionError(`${error.message} and was given up`, { code: 'CONNECTION_FAILED', cause: error });
}

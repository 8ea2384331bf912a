import type { Random } from '../clock.ts';
import type { ErrorCode } from '../errors.ts';
import { KombuError } from '../errors.ts';
import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import type { CompleteRetryPolicy } from '../reliability/retry.ts';
import { completePolicy, retryInterval, retryOverTime, sleep } from '../reliability/retry.ts';
import { SharedWork } from '../reliability/shared-work.ts';
import { Waiters } from '../reliability/waiters.ts';
import type { TransportConnection } from '../spi/transport.ts';
import { closedError } from './closed-error.ts';
import type { ConnectionState } from './link-status.ts';
import { LinkStatus } from './link-status.ts';
import type { LinkMaker } from './open-link.ts';
import { closeLink, openLink } from './open-link.ts';

/** What the supervisor leaves to others. */
export interface SupervisorParts extends LinkMaker {
  readonly random: Random;
  /** undefined: no recovery; a broken link stays broken until the next use. */
  readonly recovery: CompleteRetryPolicy | undefined;
  /** Number of hosts in the failover list. */
  hosts(): number;
  /** Moves on to the next host. */
  switchHost(): void;
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

/**
 * The one owner of the link to the broker. Each new link is a generation: it is brought to the declared state before anybody
 * may use it, and when it breaks, a new one is made by the recovery policy.
 */
export class Supervisor {
  readonly status: LinkStatus;
  readonly #parts: SupervisorParts;
  readonly #closing = new AbortController();
  /** One attempt at a link, shared by all who try at this moment. */
  readonly #attempt: SharedWork<TransportConnection> = new SharedWork((signal) => this.#open(signal));
  /** Those who try: the recovery loop and the callers of `connect`, each with what ends the tries. */
  readonly #tries = new Set<AbortController>();
  /** Those who only wait for what the loop brings. */
  readonly #waiters = new Waiters<TransportConnection>();
  #loop: AbortController | undefined;
  #gaveUp = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.status = new LinkStatus(parts.clock, (state, error) => parts.stateChanged(state, error));
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
    if (this.status.link) return;
    this.#failIfClosed();
    // The tries end with their audience: a caller who gave up leaves no loop behind.
    const end = new AbortController();
    const tries = this.#try(policy, end, (error) => !isFatal(error));
    try {
      await bounded(tries, wait, this.#parts.clock, 'Connecting', () => this.status.lastError);
    } finally {
      tries.catch(() => {});
      end.abort();
    }
  }

  /** The link, as soon as there is one: starts connecting if need be, and outlives broken attempts within the given bounds. */
  async ready(wait: WaitOptions, doing: string): Promise<TransportConnection> {
    const { status } = this;
    if (status.link) return status.link;
    this.#failIfClosed();
    const link = this.#waiters.wait(wait, this.#parts.clock, doing, () => status.lastError);
    this.#startLoop();
    try {
      return await link;
    } finally {
      // Leaves no attempt and no timer behind when the last who waited gave up.
      if (!this.#isWanted) this.#loop?.abort();
    }
  }

  /** Ends all attempts and the link, within bounds that the caller sets by racing it. */
  async close(): Promise<void> {
    const reason = closedError();
    if (!this.#closing.signal.aborted) this.#closing.abort(reason);
    const isOver = this.#attempt.stop(reason);
    for (const end of [...this.#tries, this.#loop]) end?.abort(reason);
    this.#waiters.fail(reason);
    await isOver;
    await this.status.link?.close();
  }

  /** Drops the link so that the next use, or recovery, makes a new one. */
  async dropLink(link: TransportConnection, reason: Error): Promise<void> {
    this.#down(link, reason);
    await closeLink(link, this.#parts.logger);
  }

  #startLoop(): void {
    if (this.#loop) return;
    const end = new AbortController();
    this.#loop = end;
    void this.#recover(end).finally(() => {
      this.#loop = undefined;
      // A waiter may have come, or the link gone, between the last check and here.
      if (!this.status.link && this.#isWanted) this.#startLoop();
    });
  }

  get #isWanted(): boolean {
    return this.#waiters.size > 0 || this.#recovers;
  }

  /** Is a broken link made anew although nobody waits for it? */
  get #recovers(): boolean {
    const wasUp = this.status.generation > 0;
    return wasUp && this.#parts.recovery !== undefined && !this.#closing.signal.aborted && !this.#gaveUp;
  }

  /** Tries until there is a link, as long as somebody wants one and the policy allows. */
  async #recover(end: AbortController): Promise<void> {
    const { status } = this;
    const { recovery, random, clock } = this.#parts;
    const policy = recovery ?? onceEach(this.#parts.hosts());
    try {
      const rest = status.flaps > 0 ? retryInterval(policy, status.flaps - 1, random) : 0;
      if (rest > 0) await sleep(clock, rest, end.signal);
      // Before the first success a wrong password is the user's mistake; after it, the broker's passing trouble.
      const mayPass = (error: unknown): boolean => status.generation > 0 || !isFatal(error);
      await this.#try(policy, end, (error) => this.#isWanted && mayPass(error));
    } catch (error) {
      if (end.signal.aborted || status.link) return;
      this.#gaveUp = status.generation > 0;
      status.change('idle', error as Error);
      this.#waiters.fail(error as Error);
    }
  }

  /** Tries by the policy. When nobody tries any more and there is no link, the connection is idle. */
  async #try(
    policy: CompleteRetryPolicy,
    end: AbortController,
    isRetryable: (error: unknown) => boolean,
  ): Promise<TransportConnection> {
    const { status } = this;
    const { clock, random } = this.#parts;
    const { signal } = end;
    const once = async (): Promise<TransportConnection> =>
      status.link ?? this.#attempt.join({ signal }, clock, 'Connecting');
    this.#tries.add(end);
    try {
      return await retryOverTime(once, policy, {
        clock,
        random,
        signal,
        isRetryable,
        lap: () => this.#parts.hosts(),
      });
    } finally {
      this.#tries.delete(end);
      if (!status.link && this.#tries.size === 0 && !this.#recovers) status.change('idle', status.lastError);
    }
  }

  async #open(signal: AbortSignal): Promise<TransportConnection> {
    this.#failIfClosed();
    this.status.change(this.status.generation > 0 ? 'recovering' : 'connecting');
    try {
      const link = await openLink(this.#parts, signal);
      this.#up(link);
      return link;
    } catch (error) {
      // That nobody waited for it any more tells nothing about the host.
      if (!signal.aborted) this.status.failed(error as Error);
      if (!this.#closing.signal.aborted) this.#parts.switchHost();
      throw error;
    }
  }

  #up(link: TransportConnection): void {
    this.#gaveUp = false;
    this.status.up(link);
    void link.closed.then((error) => this.#down(link, error));
    this.#parts.linkUp(link);
    this.#waiters.wake(link);
  }

  #down(link: TransportConnection, error: Error | undefined): void {
    if (this.status.link !== link) return;
    const isClosing = this.#closing.signal.aborted;
    if (!isClosing) this.#parts.logger.warn('The connection to the broker was lost', { error });
    this.status.down(this.#recovers ? 'recovering' : 'idle', error);
    this.#parts.linkDown(error);
    if (this.#isWanted && !isClosing) this.#startLoop();
  }

  #failIfClosed(): void {
    if (this.#closing.signal.aborted) throw closedError();
  }
}

/** Without recovery: each host once, one right after the other. */
function onceEach(hosts: number): CompleteRetryPolicy {
  return completePolicy({ maxRetries: hosts - 1, intervalStart: 0, intervalStep: 0, jitter: false });
}

function isFatal(error: unknown): boolean {
  return !(error instanceof KombuError) || fatalCodes.has(error.code);
}

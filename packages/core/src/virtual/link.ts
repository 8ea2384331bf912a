import { setMaxListeners } from 'node:events';
import type { Clock, Random } from '../clock.ts';
import type { ErrorCode, KombuError } from '../errors.ts';
import { ConnectionError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { DeadlineTimer, bounded } from '../reliability/deadline.ts';
import type { Capabilities } from '../spi/capabilities.ts';
import type { BindingDeclaration } from '../spi/declarations.ts';
import type { QueueStore } from '../spi/queue-store.ts';
import { breaksLink, storeError } from './store-error.ts';
import type { Topology } from './topology.ts';

/** What one connection works with. */
export interface LinkParts {
  readonly store: QueueStore;
  readonly topology: Topology;
  /** The topology knows every queue there is, because all connections to this broker share it. */
  readonly authoritative: boolean;
  readonly capabilities: Capabilities;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The longest sleep between two looks at an empty queue, in milliseconds. */
  readonly pollingInterval: number;
  /** How long one `get` may wait for a message, in milliseconds. */
  readonly waitMs: number;
  classify(error: unknown): ErrorCode;
}

/** A call that moves messages and takes longer than this is taken for a dead link. */
const answerWithinMs = 30_000;
/** Declaring, deleting and purging may be slow where each is a request to a cloud. */
const controlWithinMs = 120_000;

/** The live link to one store: its calls, its deadlines and its end. */
export class VirtualLink {
  readonly store: QueueStore;
  readonly topology: Topology;
  readonly authoritative: boolean;
  readonly capabilities: Capabilities;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly pollingInterval: number;
  readonly waitMs: number;
  /** How long a message is ours without renewal, in milliseconds; Infinity: as long as the link lives. */
  readonly leaseMs: number;
  /** How long it can be ours with renewals, in milliseconds; Infinity: as long as we like. */
  readonly maxLeaseMs: number;
  readonly deadlines: DeadlineTimer;
  readonly #classify: (error: unknown) => ErrorCode;
  /** Called once, when the link breaks. */
  onFailure: (error: KombuError) => void = () => {};
  readonly #ended = new AbortController();
  #tags = 0;
  #failure: KombuError | undefined;
  #over: KombuError | undefined;

  constructor(parts: LinkParts) {
    this.store = parts.store;
    this.topology = parts.topology;
    this.authoritative = parts.authoritative;
    this.capabilities = parts.capabilities;
    this.clock = parts.clock;
    this.random = parts.random;
    this.logger = parts.logger;
    this.pollingInterval = parts.pollingInterval;
    this.waitMs = parts.waitMs;
    const leaseMs = parts.store.leaseMs ?? parts.capabilities.leaseMs;
    this.leaseMs = (parts.store.renew && leaseMs) || Infinity;
    this.maxLeaseMs = parts.capabilities.maxLeaseMs ?? Infinity;
    this.deadlines = new DeadlineTimer(parts.clock);
    // Each call that is under way listens; Node would take more than ten for a leak.
    setMaxListeners(0, this.#ended.signal);
    this.#classify = (error) => parts.classify(error);
  }

  /** A delivery tag. No two deliveries of a link share one, so that it cannot settle a message of another channel. */
  nextTag(): number {
    this.#tags += 1;
    return this.#tags;
  }

  /** Why it broke; undefined while it lives and after a polite end. */
  get failure(): KombuError | undefined {
    return this.#failure;
  }

  /** Why nothing can be said to the store any more: it broke, or it was closed. */
  get over(): KombuError | undefined {
    return this.#over;
  }

  /** Fires when the link breaks or is closed; its reason is a KombuError. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Is this binding one that the store keeps for all processes? */
  isShared(binding: BindingDeclaration): boolean {
    const { bindings } = this.store;
    return bindings !== undefined && (bindings.carries?.(binding) ?? true);
  }

  /** The link is broken. Only the first reason counts. */
  fail(error: KombuError): void {
    if (this.#over) return;
    this.#over = error;
    this.#failure = error;
    this.#ended.abort(error);
    this.deadlines.close();
    this.onFailure(error);
  }

  /** The link was closed by its owner. */
  end(): void {
    if (this.#over) return;
    this.#over = closedError();
    this.#ended.abort(this.#over);
    this.deadlines.close();
  }

  /** The error to throw for whatever the store threw; one that means a broken link breaks it. */
  explain(error: unknown, doing: string): KombuError {
    const known = storeError(error, this.#classify, doing);
    if (breaksLink(known)) this.fail(known);
    return known;
  }

  /** A call that moves messages. Without an answer in time the link is taken for dead. */
  async timed<T>(doing: string, call: () => Promise<T>, withinMs: number = answerWithinMs): Promise<T> {
    const deadline = {
      at: this.clock.now() + withinMs,
      expire: () =>
        this.fail(new ConnectionError(`${doing}: no answer within ${withinMs} ms, so the link is taken for dead`)),
    };
    this.deadlines.add(deadline);
    try {
      return await call();
    } finally {
      this.deadlines.remove(deadline);
    }
  }

  /** As `timed`, for a caller whom nobody tells when the link ends: rejects then, with an error of ours. */
  async answered<T>(doing: string, call: (store: QueueStore) => Promise<T>): Promise<T> {
    this.assertLive();
    try {
      const answer = this.timed(doing, () => call(this.store));
      return await bounded(answer, { signal: this.#ended.signal }, this.clock, doing);
    } catch (error) {
      throw this.explain(error, doing);
    }
  }

  /** Any other call: rejects with an error of ours, and at the latest when the link ends or a deadline passes. */
  async control<T>(doing: string, call: (store: QueueStore) => Promise<T>): Promise<T> {
    this.assertLive();
    try {
      const wait = { timeout: controlWithinMs, signal: this.#ended.signal };
      return await bounded(call(this.store), wait, this.clock, doing);
    } catch (error) {
      throw this.explain(error, doing);
    }
  }

  /** @throws the reason when the link is broken or closed. */
  assertLive(): void {
    if (this.#over) throw this.#over;
  }
}

export function closedError(): ConnectionError {
  return new ConnectionError('The connection was closed', { code: 'CLOSED' });
}

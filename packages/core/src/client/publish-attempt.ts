import type { KombuError } from '../errors.ts';
import { PublishUncertainError, abortedError } from '../errors.ts';
import type { Deadline, DeadlineTimer } from '../reliability/deadline.ts';
import { timeoutError } from '../reliability/deadline.ts';
import type { Envelope, PublishGuarantee, Route } from '../spi/envelope.ts';
import type { PublishWaiter } from '../spi/transport.ts';
import type { ChannelSession } from './channel-session.ts';
import type { PublishOptions, PublishResult } from './publish-options.ts';

const defaultTimeout = 30_000;

/** Who sends an attempt. */
export interface AttemptOwner {
  readonly deadlines: DeadlineTimer;
  /** The attempt is over, in whatever way; called once for each `send`. */
  ended(attempt: PublishAttempt): void;
  /** What to tell the publisher about an error of the transport. */
  explain(error: unknown, attempt: PublishAttempt): KombuError;
}

/**
 * A message on its way to the broker, with its bounds. Each hand-over ends once: by the broker's answer, by the deadline or by
 * the abort signal. An object instead of closures, for there is one of them for each message.
 */
export class PublishAttempt implements Deadline, PublishWaiter {
  readonly envelope: Envelope;
  readonly route: Route;
  /** When the time is up, by the clock. */
  readonly at: number;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  previous: Deadline | undefined;
  next: Deadline | undefined;
  isLinked = false;
  #owner: AttemptOwner | undefined;
  #resolve!: (result: PublishResult) => void;
  #reject!: (error: KombuError) => void;
  #onAbort: (() => void) | undefined;

  constructor(envelope: Envelope, options: PublishOptions, now: number) {
    this.envelope = envelope;
    this.route = routeOf(options);
    this.timeout = options.timeout ?? defaultTimeout;
    this.at = now + this.timeout;
    this.signal = options.signal;
  }

  get bytes(): number {
    return this.envelope.body.length;
  }

  /** Hands the message over. Not again before this has ended. */
  send(session: ChannelSession, owner: AttemptOwner): Promise<PublishResult> {
    return new Promise((resolve, reject) => {
      this.#owner = owner;
      this.#resolve = resolve;
      this.#reject = reject;
      owner.deadlines.add(this);
      if (this.signal) this.#listen(this.signal);
      const { channel } = session;
      if (channel.publishFor) channel.publishFor(this.envelope, this.route, this);
      else {
        channel.publish(this.envelope, this.route).then(
          (guarantee) => this.published(guarantee),
          (error: unknown) => this.failed(error),
        );
      }
    });
  }

  /** For the timer; `reason`: the connection closes without an answer. */
  expire(reason?: Error): void {
    if (!this.#end()) return;
    const doing = 'Publishing (the message may have reached its queue)';
    this.#reject(
      reason ? new PublishUncertainError(reason.message, { cause: reason }) : timeoutError(doing, this.timeout),
    );
  }

  #listen(signal: AbortSignal): void {
    this.#onAbort = () => {
      if (this.#end()) this.#reject(abortedError(signal, 'Publishing'));
    };
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** For the transport. */
  published(guarantee: PublishGuarantee): void {
    if (this.#end()) this.#resolve({ messageId: this.envelope.properties.messageId as string, guarantee });
  }

  /** For the transport. */
  failed(error: unknown): void {
    const owner = this.#owner;
    if (this.#end()) this.#reject((owner as AttemptOwner).explain(error, this));
  }

  /** False when it has ended before. */
  #end(): boolean {
    const owner = this.#owner;
    if (!owner) return false;
    this.#owner = undefined;
    owner.deadlines.remove(this);
    if (this.#onAbort) this.signal?.removeEventListener('abort', this.#onAbort);
    owner.ended(this);
    return true;
  }
}

function routeOf({ exchange = '', routingKey = '', mandatory = false, confirm = true, delay }: PublishOptions): Route {
  const name = typeof exchange === 'string' ? exchange : exchange.name;
  return delay
    ? { exchange: name, routingKey, mandatory, confirm, delay }
    : { exchange: name, routingKey, mandatory, confirm };
}

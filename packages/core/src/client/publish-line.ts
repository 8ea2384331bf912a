import { ConnectionError, TimeoutError } from '../errors.ts';
import { bounded, timeoutError } from '../reliability/deadline.ts';
import { TimeBudget } from '../reliability/time-budget.ts';
import type { Window } from '../reliability/window.ts';
import type { ChannelSession } from './channel-session.ts';
import type { Channel } from './channel.ts';
import { checkDelay } from './check-delay.ts';
import type { Exchange } from './exchange.ts';
import type { Host, Place } from './host.ts';
import { maybeDeclare } from './maybe-declare.ts';
import type { PublishAttempt } from './publish-attempt.ts';
import type { PublishResult } from './publish-options.ts';
import type { Queue } from './queue.ts';

const doing = 'Publishing';

/** What the line needs of its producer. */
export interface LineParts {
  readonly place: Place;
  readonly channel: Channel;
  readonly window: Window;
  /** Hands the message over; from then on whatever ends the attempt leaves the window. */
  send(session: ChannelSession, attempt: PublishAttempt): Promise<PublishResult>;
  /** Somebody came to the line, or left it. */
  changed(): void;
}

/**
 * The publishes that have to wait: for room in the window, a declaration, a link, or until the broker takes publishes again.
 * They do so one behind the other, so that they reach the broker in the order of the calls.
 */
export class PublishLine {
  readonly #parts: LineParts;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: LineParts) {
    this.#parts = parts;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting;
  }

  /** Waits for its turn within the bounds of the attempt, and hands the message over; `answer` is the broker's. */
  async pass(
    entities: readonly (Exchange | Queue)[],
    attempt: PublishAttempt,
  ): Promise<{ readonly answer: Promise<PublishResult> }> {
    const { window } = this.#parts;
    const { clock } = this.#owner;
    const why = (): Error | undefined => this.#owner.lastError;
    const budget = new TimeBudget({ timeout: attempt.at - clock.now(), signal: attempt.signal }, clock);
    let holdsRoom = false;
    this.#count(1);
    try {
      await window.enter(attempt.bytes, budget.left, clock, doing, why);
      holdsRoom = true;
      const turn = this.#last.then(async () => {
        const session = holdsRoom && (await this.#prepare(entities, attempt, budget));
        // Given up while it waited.
        if (!session || !holdsRoom) throw timeoutError(doing, attempt.timeout);
        holdsRoom = false;
        return { answer: this.#parts.send(session, attempt) };
      });
      this.#last = turn.catch(() => {});
      return await bounded(turn, budget.left, clock, doing, why);
    } catch (error) {
      throw error instanceof TimeoutError ? this.#explain(error) : error;
    } finally {
      if (holdsRoom) window.leave(attempt.bytes);
      holdsRoom = false;
      this.#count(-1);
    }
  }

  /** All that has to be there before the message can go. */
  async #prepare(
    entities: readonly (Exchange | Queue)[],
    { route }: PublishAttempt,
    budget: TimeBudget,
  ): Promise<ChannelSession> {
    const owner = this.#owner;
    for (const entity of entities) await maybeDeclare(entity, this.#parts.place, budget.left);
    if (owner.blocked !== undefined) await owner.unblocked(budget.left, doing);
    const session = await this.#parts.channel.open(budget.left, doing);
    // Only now is it certain that the transport is known.
    checkDelay(route, owner.capabilities);
    return session;
  }

  #explain(error: TimeoutError): Error {
    const { blocked } = this.#owner;
    if (blocked === undefined) return error;
    return new ConnectionError(`The broker blocks publishers (${blocked}); the message was not sent`, {
      code: 'BLOCKED',
      cause: error,
    });
  }

  #count(change: number): void {
    this.#waiting += change;
    this.#parts.changed();
  }

  get #owner(): Host {
    return this.#parts.place.internals;
  }
}

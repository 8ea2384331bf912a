import type { Clock } from '../clock.ts';
import type { TransportConnection } from '../spi/transport.ts';

/** `recovering`: the link broke and a new one is on its way. `idle`: no link, and nobody asked for one. */
export type ConnectionState = 'idle' | 'connecting' | 'ready' | 'recovering' | 'closing' | 'closed';

/** A link that lived shorter than this counts as a failed attempt, so that a broker that accepts and drops is not hammered. */
const stableAfterMs = 5000;

/** What is known of the link of a connection: the live one, how many there were, and why the last one is gone. */
export class LinkStatus {
  readonly #clock: Clock;
  readonly #stateChanged: (state: ConnectionState, error?: Error) => void;
  #state: ConnectionState = 'idle';
  #link: TransportConnection | undefined;
  #generation = 0;
  #lastError: Error | undefined;
  #upSince = 0;
  #flaps = 0;

  constructor(clock: Clock, stateChanged: (state: ConnectionState, error?: Error) => void) {
    this.#clock = clock;
    this.#stateChanged = stateChanged;
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

  /** Links in a row that broke soon after they were made. */
  get flaps(): number {
    return this.#flaps;
  }

  /** Closing is the end: whatever becomes of the link meanwhile, only `closed` follows. */
  change(state: ConnectionState, error?: Error): void {
    if (state === this.#state || this.#state === 'closed') return;
    if (this.#state === 'closing' && state !== 'closed') return;
    this.#state = state;
    this.#stateChanged(state, error);
  }

  up(link: TransportConnection): void {
    this.#link = link;
    this.#generation += 1;
    this.#lastError = undefined;
    this.#upSince = this.#clock.now();
    this.change('ready');
  }

  down(next: 'recovering' | 'idle', error: Error | undefined): void {
    this.#link = undefined;
    this.#lastError = error;
    this.#flaps = this.#clock.now() - this.#upSince < stableAfterMs ? this.#flaps + 1 : 0;
    this.change(next, error);
  }

  /** An attempt to make a link failed. */
  failed(error: Error): void {
    this.#lastError = error;
  }
}

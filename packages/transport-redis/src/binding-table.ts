import { isDeepStrictEqual } from 'node:util';
import type { BindingDeclaration, Clock } from '@kombu/core/spi';
import type { KeyWatcher } from './key-tracker.ts';

/** The rows of one exchange as they are stored, sorted. */
export interface TableTexts {
  readonly kombu: readonly string[];
  readonly own: readonly string[];
  /** How long all of them hold, in milliseconds. */
  readonly endsIn: number;
}

/** What is known of the bindings of one exchange. */
export class BindingTable implements KeyWatcher {
  readonly #clock: Clock;
  readonly #isTracked: boolean;
  #version = 0;
  #freshUntil = 0;
  #type: string | undefined;
  #texts: Omit<TableTexts, 'endsIn'> | undefined;
  #bindings: readonly BindingDeclaration[] = [];

  constructor(clock: Clock, isTracked: boolean) {
    this.#clock = clock;
    this.#isTracked = isTracked;
  }

  get version(): number {
    return this.#version;
  }

  /** The same array as long as nothing changes: core compiles it. */
  get bindings(): readonly BindingDeclaration[] {
    return this.#bindings;
  }

  isFresh(type: string | undefined): boolean {
    return this.#texts !== undefined && this.#type === type && this.#clock.now() < this.#freshUntil;
  }

  leadsTo(queue: string): boolean {
    return this.#bindings.some(
      ({ destination, destinationType }) => destination === queue && destinationType === 'queue',
    );
  }

  /** What was read after `version`. It stays fresh unless a change was told meanwhile. */
  learn(
    version: number,
    type: string | undefined,
    { kombu, own, endsIn }: TableTexts,
    decode: () => readonly BindingDeclaration[],
  ): void {
    const texts = { kombu, own };
    if (!isDeepStrictEqual(texts, this.#texts)) this.#bindings = decode();
    this.#texts = texts;
    this.#type = type;
    this.#freshUntil = this.#isTracked && version === this.#version ? this.#clock.now() + endsIn : 0;
  }

  changed(): void {
    this.#version += 1;
    this.#freshUntil = 0;
  }
}

import { nameOf, type HostAddress } from './addresses.ts';
import { slotCount } from './key-slot.ts';

/** Which master has which slot. */
export class SlotMap {
  readonly #masters: (HostAddress | undefined)[] = Array.from({ length: slotCount });

  masterOf(slot: number): HostAddress | undefined {
    return this.#masters[slot];
  }

  move(slot: number, address: HostAddress): void {
    this.#masters[slot] = address;
  }

  /** Learns the answer to CLUSTER SLOTS; returns whether anything is new. @param from Stands for a host that is left out. */
  learn(reply: unknown, from: HostAddress): boolean {
    let isNew = false;
    for (const [first, last, [host, port]] of reply as readonly [number, number, readonly [string | null, number]][]) {
      const address = { host: host === null || host === '' || host === '?' ? from.host : host, port };
      for (let slot = first; slot <= last; slot++) {
        const known = this.#masters[slot];
        if (known && nameOf(known) === nameOf(address)) continue;
        this.#masters[slot] = address;
        isNew = true;
      }
    }
    return isNew;
  }
}

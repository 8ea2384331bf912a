import type { Destination } from './binding-table.ts';
import { SmallSet } from './small-set.ts';

/** For each destination the sources that lead there. */
export class SourceIndex<S extends object> {
  readonly #sources = { queue: new Map<string, SmallSet<S>>(), exchange: new Map<string, SmallSet<S>>() };

  /** The sources at this moment; a copy, so that they may be deleted on the way. */
  of(name: string, type: Destination['destinationType']): S[] {
    const sources: S[] = [];
    this.#sources[type].get(name)?.appendTo(sources);
    return sources;
  }

  add({ destination, destinationType }: Destination, source: S): void {
    const byName = this.#sources[destinationType];
    let sources = byName.get(destination);
    if (!sources) byName.set(destination, (sources = new SmallSet()));
    sources.add(source);
  }

  delete({ destination, destinationType }: Destination, source: S): void {
    const sources = this.#sources[destinationType].get(destination);
    sources?.delete(source);
    if (sources?.size === 0) this.#sources[destinationType].delete(destination);
  }
}

/**
 * Lamport's logical clock: a number that orders the events of several processes. Each process moves it forward before it says
 * something, and adjusts it to what it hears. As `kombu.clocks.LamportClock`.
 */
export class LamportClock {
  #value: number;

  /** @param initialValue Default 0. */
  constructor(initialValue = 0) {
    this.#value = initialValue;
  }

  get value(): number {
    return this.#value;
  }

  /** Something was heard that happened at `other`: moves past it, and past the time here. Returns the new time. */
  adjust(other: number): number {
    this.#value = Math.max(this.#value, other) + 1;
    return this.#value;
  }

  /** Something happens here. Returns the new time. */
  forward(): number {
    this.#value += 1;
    return this.#value;
  }
}

/** When and where something happened. */
export interface LogicalTime {
  /** The logical time; 0 or undefined: not known. */
  readonly clock: number | undefined;
  /** The wall-clock time, in a unit that all events share. */
  readonly timestamp: number;
  /** The process, such as `hostname:pid`. */
  readonly id: string;
}

/**
 * Orders events, for `sort` and the like: by logical time, at the same logical time by process, and by wall-clock time where
 * either has no logical one. As `kombu.clocks.timetuple`.
 */
export function compareTimes(a: LogicalTime, b: LogicalTime): number {
  if (!a.clock || !b.clock) return a.timestamp - b.timestamp;
  if (a.clock !== b.clock) return a.clock - b.clock;
  return compareTexts(a.id, b.id);
}

/**
 * The event that comes first of those that stand in the order of their clocks: at the same clock the one of the lowest
 * process. Undefined when there are none. As `LamportClock.sort_heap`.
 */
export function earliest<T extends LogicalTime>(events: readonly T[]): T | undefined {
  const [first] = events;
  if (!first) return undefined;
  const end = events.findIndex(({ clock }) => clock !== first.clock);
  const same = end < 0 ? events : events.slice(0, end);
  return same.reduce((lowest, event) => (compareTexts(event.id, lowest.id) < 0 ? event : lowest));
}

/** By code units, as processes in other languages order them; `localeCompare` would depend on the machine. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

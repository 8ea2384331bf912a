import { member } from './json-text.ts';

/** What is recorded of an unacked message, in Kombu's form: the JSON array `[message, exchange, routing key]`. */
export interface UnackedRecord {
  readonly payload: string;
  /** Where it is routed when it is restored; `''` is the default exchange, and the routing key then its queue. */
  readonly exchange: string;
  readonly routingKey: string;
}

// Read from the end: what stands before may be broken.
const end = /, ("(?:[^"\\]|\\.)*"), ("(?:[^"\\]|\\.)*")\]$/s;

/** Undefined for what is no record. Bytes are to be given as Latin-1, so that they survive whatever they are. */
export function readRecord(record: string): UnackedRecord | undefined {
  const [all, exchange, routingKey] = end.exec(record) ?? [];
  if (all === undefined || !record.startsWith('[')) return undefined;
  try {
    const payload = record.slice(1, -all.length);
    return {
      // What is no JSON object is recorded as a string.
      payload: payload.startsWith('"') ? String(JSON.parse(payload)) : payload,
      exchange: JSON.parse(exchange as string) as string,
      routingKey: JSON.parse(routingKey as string) as string,
    };
  } catch {
    return undefined;
  }
}

/** The priority that an envelope says it has, as Kombu reads it: 0 to 9, and 0 for what is no number. */
export function priorityOf(payload: string): number {
  const properties = member(payload, 0, 'properties');
  const priority = properties && member(payload, properties.start, 'priority');
  const value = priority ? Number(payload.slice(priority.start, priority.end)) : 0;
  return Number.isNaN(value) ? 0 : Math.trunc(Math.min(9, Math.max(0, value)));
}

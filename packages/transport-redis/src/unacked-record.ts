import { member, startOfString } from './json-text.ts';

/** What is recorded of an unacked message, in Kombu's form: the JSON array `[message, exchange, routing key]`. */
export interface UnackedRecord {
  readonly payload: string;
  /** Where it is routed when it is restored; `''` is the default exchange, and the routing key then its queue. */
  readonly exchange: string;
  readonly routingKey: string;
}

/** Undefined for what is no record. Bytes are to be given as Latin-1, so that they survive whatever they are. */
export function readRecord(record: string): UnackedRecord | undefined {
  // Read from the end: what stands before may be broken, or very long.
  const end = record.length - 1;
  const key = startOfString(record, end);
  const exchange = startOfString(record, key - 2);
  if (exchange < 3 || !record.startsWith('[') || record[end] !== ']') return undefined;
  if (!record.startsWith(', ', key - 2) || !record.startsWith(', ', exchange - 2)) return undefined;
  try {
    const payload = record.slice(1, exchange - 2);
    return {
      // What is no JSON object is recorded as a string.
      payload: payload.startsWith('"') ? String(JSON.parse(payload)) : payload,
      exchange: JSON.parse(record.slice(exchange, key - 2)) as string,
      routingKey: JSON.parse(record.slice(key, end)) as string,
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

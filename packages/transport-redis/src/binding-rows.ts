import { isDeepStrictEqual } from 'node:util';
import type { Arguments, BindingDeclaration } from '@kombu/core/spi';
import { kombuTopicPattern } from '@kombu/core/spi';

/** A row of Kombu's table of bindings. */
export interface KombuRow {
  readonly routingKey: string;
  /** A regular expression for a topic exchange, nothing for others. */
  readonly pattern: string;
  readonly queue: string;
}

/** Whether Kombu's table can hold a binding: a queue without arguments, and no name with the separator in it. */
export function fitsKombu(binding: BindingDeclaration, sep: string): boolean {
  const { destination, destinationType, routingKey, arguments: args } = binding;
  if (destinationType !== 'queue' || Object.keys(args).length > 0) return false;
  return !destination.includes(sep) && !routingKey.includes(sep);
}

/** The row that Kombu would write. */
export function kombuRow({ routingKey, destination }: BindingDeclaration, exchangeType: string, sep: string): string {
  return [routingKey, exchangeType === 'topic' ? kombuTopicPattern(routingKey) : '', destination].join(sep);
}

/** All rows that stand for this binding: Kombu before and after 5.7, and of an exchange of another type. */
export function kombuRows({ routingKey, destination }: BindingDeclaration, sep: string): readonly string[] {
  const old = kombuTopicPattern(routingKey);
  const patterns = new Set(['', old, newer(old)]);
  return [...patterns].map((pattern) => [routingKey, pattern, destination].join(sep));
}

/** How Kombu 5.7 writes the same pattern. */
function newer(pattern: string): string {
  const words = pattern.slice(1, -1).split(String.raw`\.`);
  // The old text of `*` has a dot of its own, which was cut too.
  return `^${words.join(String.raw`\.`).replaceAll(String.raw`.*?[^\.]`, String.raw`[^\.]+`)}$`;
}

/** Undefined for what is no row of Kombu's. */
export function readKombuRow(text: string, sep: string): KombuRow | undefined {
  const [routingKey, pattern, queue, ...more] = text.split(sep);
  if (routingKey === undefined || pattern === undefined || !queue || more.length > 0) return undefined;
  return { routingKey, pattern, queue };
}

/** Whether a table of our own can hold it: its arguments have to be such as JSON can hold. */
export function fitsJson({ arguments: args }: BindingDeclaration): boolean {
  return isDeepStrictEqual(JSON.parse(canonical(args)), { ...args });
}

/** A row of a table of our own, for what does not fit into Kombu's. Equal bindings have equal rows. */
export function ownRow({ routingKey, destination, destinationType, arguments: args }: BindingDeclaration): string {
  const names = [routingKey, destination, destinationType].map((name) => JSON.stringify(name));
  return `[${names.join(',')},${canonical(args)}]`;
}

/** Undefined for what is no row of ours. */
export function readOwnRow(exchange: string, text: string): BindingDeclaration | undefined {
  try {
    const [routingKey, destination, destinationType, args] = JSON.parse(text) as readonly unknown[];
    if (typeof routingKey !== 'string' || typeof destination !== 'string' || !isObject(args)) return undefined;
    if (destinationType !== 'queue' && destinationType !== 'exchange') return undefined;
    return { exchange, destination, destinationType, routingKey, arguments: args };
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Arguments {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** For `JSON.stringify`: with the keys of all objects in order. */
function ordered(_key: string, part: unknown): unknown {
  return isObject(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part;
}

function canonical(value: unknown): string {
  try {
    return JSON.stringify(value, ordered) ?? 'null';
  } catch {
    // A bigint, or a circle.
    return 'null';
  }
}

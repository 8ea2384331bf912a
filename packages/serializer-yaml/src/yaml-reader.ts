import { types } from 'node:util';
import { DecodeError, KombuError } from '@kombu/core';
import type { CodecLimits } from '@kombu/core';
import { EVENT_ID, getScalarValue, SCALAR_STYLE } from 'js-yaml';
import type { AliasEvent, DocumentEvent, Event, MappingEvent, ScalarEvent, SequenceEvent } from 'js-yaml';
import { implicitTag } from './implicit-tags.ts';
import { isKey, mappingOf, mergedPairs } from './mappings.ts';
import type { Pair } from './mappings.ts';
import { isScalarTag, scalarReaders } from './scalars.ts';
import { Tags } from './tags.ts';

type NodeEvent = AliasEvent | MappingEvent | ScalarEvent | SequenceEvent;
type TaggedEvent = Exclude<NodeEvent, AliasEvent>;

/** What a Map or a Set takes in memory, in characters of JSON. */
const tableCost = 10;

interface Anchor {
  readonly value: unknown;
  /** What it costs to write it out again. */
  readonly size: number;
}

/** Makes a value out of the events of one document, as PyYAML's SafeLoader does. */
export class YamlReader {
  readonly #text: string;
  readonly #events: readonly Event[];
  readonly #limits: CodecLimits;
  readonly #tags: Tags;
  /** Undefined: the node is not complete yet. */
  readonly #anchors = new Map<string, Anchor | undefined>();
  /** The next event; the first one begins the document. */
  #next = 1;
  #depth = 0;
  /** Roughly the characters that the text would have in JSON, if every alias stood there in full. */
  #size = 0;

  constructor(text: string, events: readonly Event[], limits: CodecLimits) {
    this.#text = text;
    this.#events = events;
    this.#limits = limits;
    this.#tags = new Tags(events[0] as DocumentEvent);
  }

  /** @throws DecodeError when PyYAML would not read it, and when it is over the limits. */
  read(): unknown {
    try {
      const value = this.#node();
      // The end of the document.
      this.#next++;
      if (this.#next < this.#events.length) throw new Error('there is more than one document');
      return value;
    } catch (cause) {
      if (cause instanceof KombuError) throw cause;
      throw new DecodeError(`Cannot read the YAML: ${(cause as Error).message} (line ${this.#line()}).`, { cause });
    }
  }

  #node(): unknown {
    const event = this.#advance();
    if (event.type === EVENT_ID.ALIAS) return this.#alias(event);
    const name = event.anchorStart < 0 ? undefined : this.#text.slice(event.anchorStart, event.anchorEnd);
    if (name === undefined) return this.#tagged(event);
    if (this.#anchors.has(name)) throw new Error('an anchor is defined twice');
    this.#anchors.set(name, undefined);
    const before = this.#size;
    const value = this.#tagged(event);
    this.#anchors.set(name, { value, size: this.#size - before });
    return value;
  }

  #alias({ anchorStart, anchorEnd }: AliasEvent): unknown {
    const name = this.#text.slice(anchorStart, anchorEnd);
    const anchor = this.#anchors.get(name);
    if (!anchor) throw new Error(this.#anchors.has(name) ? 'a node contains itself' : 'an alias has no anchor');
    this.#charge(anchor.size);
    return anchor.value;
  }

  #tagged(event: TaggedEvent): unknown {
    const given = event.tagStart < 0 ? '!' : this.#text.slice(event.tagStart, event.tagEnd);
    const tag = given === '!' ? undefined : this.#tags.nameOf(given);
    if (event.type === EVENT_ID.SCALAR) return this.#scalar(event, tag);
    return event.type === EVENT_ID.SEQUENCE ? this.#sequence(tag ?? 'seq') : this.#mapping(tag ?? 'map');
  }

  #scalar(event: ScalarEvent, tag: string | undefined): unknown {
    const text = this.#textOf(event);
    this.#charge(text.length + 1);
    // A tag `!` alone takes the quotes' meaning away, in PyYAML.
    const isPlain = event.style === SCALAR_STYLE.PLAIN || event.tagStart >= 0;
    const name = tag ?? (isPlain ? implicitTag(text) : 'str');
    if (!isScalarTag(name)) throw unknownTag(name, 'scalar');
    return scalarReaders[name](text);
  }

  #textOf(event: ScalarEvent): string {
    const text = getScalarValue(this.#text, event);
    const isBlock = event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK;
    // The parser adds a line break that the body ends without; PyYAML does not.
    const isOpen = isBlock && event.valueEnd >= this.#text.length && !/[\r\n]$/.test(this.#text);
    return isOpen && text.endsWith('\n') ? text.slice(0, -1) : text;
  }

  #sequence(tag: string): unknown[] {
    if (tag !== 'seq' && tag !== 'omap' && tag !== 'pairs') throw unknownTag(tag, 'sequence');
    this.#enter();
    const items: unknown[] = [];
    while (this.#goesOn()) items.push(tag === 'seq' ? this.#node() : this.#onlyPair());
    this.#depth--;
    return items;
  }

  /** An item of an omap: a mapping with one pair, which Python makes a tuple. */
  #onlyPair(): unknown[] {
    const event = this.#advance();
    if (event.type !== EVENT_ID.MAPPING) throw new Error('an item of an ordered mapping is no mapping');
    this.#enter();
    const pair = [this.#node(), this.#node()];
    if (this.#goesOn()) throw new Error('an item of an ordered mapping has more than one pair');
    this.#depth--;
    return pair;
  }

  #mapping(tag: string): unknown {
    if (tag !== 'map' && tag !== 'set') throw unknownTag(tag, 'mapping');
    this.#enter();
    const merged: Pair[] = [];
    const own: Pair[] = [];
    while (this.#goesOn()) {
      if (this.#isMerge()) for (const pair of mergedPairs(this.#node())) merged.push(pair);
      else own.push([this.#key(), this.#node()]);
    }
    this.#depth--;
    const pairs = [...merged, ...own];
    const value = tag === 'map' ? mappingOf(pairs) : new Set(pairs.map(([key]) => key));
    if (types.isMap(value) || types.isSet(value)) this.#charge(tableCost);
    return value;
  }

  /** Passes over a merge key, if one is next. */
  #isMerge(): boolean {
    if (this.#keyTag() !== 'merge') return false;
    this.#next++;
    return true;
  }

  #key(): unknown {
    // As a key this is nothing but text.
    if (this.#keyTag() === 'value') {
      this.#next++;
      return '=';
    }
    const key = this.#node();
    if (!isKey(key)) throw new Error('a key is a collection, which Python does not take either');
    return key;
  }

  /** The tag of the next node, if it is a plain scalar without anchor and tag. */
  #keyTag(): string | undefined {
    const event = this.#events[this.#next];
    if (event?.type !== EVENT_ID.SCALAR || event.style !== SCALAR_STYLE.PLAIN) return undefined;
    if (event.tagStart >= 0 || event.anchorStart >= 0 || event.valueEnd - event.valueStart > 2) return undefined;
    return implicitTag(getScalarValue(this.#text, event));
  }

  #advance(): NodeEvent {
    return this.#events[this.#next++] as NodeEvent;
  }

  /** Has the collection more nodes? Passes over its end. */
  #goesOn(): boolean {
    if (this.#events[this.#next]?.type !== EVENT_ID.POP) return true;
    this.#next++;
    return false;
  }

  #enter(): void {
    const { maxDepth } = this.#limits;
    if (++this.#depth > maxDepth) throw tooDeep(maxDepth);
    this.#charge(2);
  }

  #charge(characters: number): void {
    this.#size += characters;
    const { maxBodyBytes } = this.#limits;
    if (this.#size > maxBodyBytes) {
      throw new Error(`it stands for more than ${maxBodyBytes} characters, with its aliases (limits.maxBodyBytes)`);
    }
  }

  /** The line of the node that was read last. */
  #line(): number {
    const event = this.#events[this.#next - 1];
    const places = event && 'anchorStart' in event ? [event.anchorStart] : [];
    if (event && 'tagStart' in event) places.push(event.tagStart);
    if (event && 'valueStart' in event) places.push(event.valueStart);
    if (event && 'start' in event) places.push(event.start);
    return lineOf(this.#text, Math.max(0, ...places));
  }
}

/** The number of the line of a place in a text. */
export function lineOf(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

/** The error for a text with more levels than allowed. */
export function tooDeep(maxDepth: number): DecodeError {
  return new DecodeError(`Cannot read the YAML: it nests deeper than ${maxDepth} levels (limits.maxDepth).`);
}

function unknownTag(tag: string, kind: string): Error {
  const name = JSON.stringify(tag.slice(0, 60));
  return new Error(`no ${kind} can have the tag ${name}: only those of YAML 1.1 are read, as with PyYAML's safe_load`);
}

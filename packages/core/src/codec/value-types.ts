import { InvalidArgumentError } from '../errors.ts';
import { instantOf, isIsoDate, parseIsoTime } from './iso.ts';

/** An immutable value that is its text. `JSON.stringify` outside the codec writes the text. */
abstract class TextValue {
  /** The value in the form in which it travels. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
    Object.freeze(this);
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }

  /** Same class and same text. */
  equals(other: unknown): boolean {
    return other instanceof TextValue && other.constructor === this.constructor && other.text === this.text;
  }
}

function refuse(what: string, form: string): never {
  throw new InvalidArgumentError(`Not a ${what}: write it as ${form}`);
}

/** A day without a time, Python's `date`. Takes and prints `YYYY-MM-DD`, as `Temporal.PlainDate` does. */
export class PlainDate extends TextValue {
  /** @throws InvalidArgumentError when the text is no day of the years 1 to 9999. */
  constructor(text: string) {
    super(isIsoDate(text) ? text : refuse('date', 'YYYY-MM-DD'));
  }

  get [Symbol.toStringTag](): 'PlainDate' {
    return 'PlainDate';
  }
}

/** A time of day, Python's `time`: `HH:MM[:SS[.ffffff]]`, with an offset `+HH:MM` where the sender gave one. */
export class PlainTime extends TextValue {
  /** @throws InvalidArgumentError when the text is no such time. */
  constructor(text: string) {
    super(parseIsoTime(text) ? text : refuse('time', 'HH:MM[:SS[.ffffff]][+HH:MM]'));
  }

  get [Symbol.toStringTag](): 'PlainTime' {
    return 'PlainTime';
  }
}

/**
 * A date and time that does not say in which zone: Python's naive `datetime`. No `Date` can hold it without a guess, so
 * the guess is the receiver's to make: {@link PlainDateTime.asUtc} is the right one for senders that use UTC.
 */
export class PlainDateTime extends TextValue {
  /** @throws InvalidArgumentError when the text is not `YYYY-MM-DDTHH:MM[:SS[.ffffff]]`, without an offset. */
  constructor(text: string) {
    const time = text[10] === 'T' ? parseIsoTime(text.slice(11)) : undefined;
    const valid = isIsoDate(text.slice(0, 10)) && time !== undefined && time.offset === undefined;
    super(valid ? text : refuse('date and time without offset', 'YYYY-MM-DDTHH:MM[:SS[.ffffff]]'));
  }

  /** The instant at which clocks in UTC show this; digits below the millisecond are cut off. */
  asUtc(): Date {
    return instantOf(this.text.slice(0, 10), { clock: this.text.slice(11), offset: undefined });
  }

  get [Symbol.toStringTag](): 'PlainDateTime' {
    return 'PlainDateTime';
  }
}

const decimal = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?|Inf(?:inity)?|s?NaN\d*)$/i;

/**
 * A decimal number with all its digits, Python's `Decimal`. It does not calculate: give its text to the decimal library
 * of your choice. `1.5` and `1.50` are different texts and hence not {@link TextValue.equals | equal}.
 */
export class Decimal extends TextValue {
  /** @throws InvalidArgumentError when Python's `Decimal` would not take the text. */
  constructor(text: string) {
    super(decimal.test(text) ? text : refuse('decimal', '1.50, 1E+3, Infinity or NaN'));
  }

  get [Symbol.toStringTag](): 'Decimal' {
    return 'Decimal';
  }
}

const uuid = /^[\da-f]{8}(-?)[\da-f]{4}\1[\da-f]{4}\1[\da-f]{4}\1[\da-f]{12}$/i;

/**
 * A UUID that arrives in Python as `uuid.UUID`, not as a string. Takes 32 hexadecimal digits with or without dashes,
 * prints lower case with dashes.
 */
export class Uuid extends TextValue {
  /** @throws InvalidArgumentError when the text is no UUID. */
  constructor(text: string) {
    if (!uuid.test(text)) refuse('UUID', '32 hexadecimal digits, with or without dashes');
    super(
      text
        .toLowerCase()
        .replaceAll('-', '')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    );
  }

  /** The 32 digits without dashes. */
  get hex(): string {
    return this.text.replaceAll('-', '');
  }

  get [Symbol.toStringTag](): 'Uuid' {
    return 'Uuid';
  }
}

const date = /^(\d{4})-(\d\d)-(\d\d)$/;
const time = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?$/;
const offset = /^(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?)$/;

/** An ISO 8601 time of day, taken apart. */
export interface IsoTime {
  /** `HH:MM[:SS[.ffffff]]` */
  readonly clock: string;
  /** `Z`, `+HH:MM[:SS[.ffffff]]` or undefined. */
  readonly offset: string | undefined;
}

/** Is this a day of the calendar, written `YYYY-MM-DD`, in the years 1 to 9999 that Python knows? */
export function isIsoDate(text: string): boolean {
  const [, year = 0, month = 0, day = 0] = date.exec(text)?.map(Number) ?? [];
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  // JavaScript rolls 30 February over into March; and it takes the years 0 to 99 for the twentieth century, so ask about
  // a year with the same calendar.
  return new Date(Date.UTC(2000 + (year % 400), month - 1, day)).getUTCDate() === day;
}

/** Takes `HH:MM[:SS[.ffffff]][offset]` apart; undefined when the text is anything else. */
export function parseIsoTime(text: string): IsoTime | undefined {
  const start = text.search(/[Z+-]/);
  const clock = start < 0 ? text : text.slice(0, start);
  const zone = start < 0 ? undefined : text.slice(start);
  if (!time.test(clock) || (zone !== undefined && !offset.test(zone))) return undefined;
  return { clock, offset: zone };
}

/** The instant of a date and a time that has an offset. Digits below the millisecond are cut off. */
export function instantOf(day: string, { clock, offset: zone = 'Z' }: IsoTime): Date {
  const [minutes = '', fraction = ''] = clock.split('.');
  const seconds = minutes.length === 5 ? `${minutes}:00` : minutes;
  const local = Date.parse(`${day}T${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  return new Date(local - offsetMilliseconds(zone));
}

function offsetMilliseconds(zone: string): number {
  if (zone === 'Z') return 0;
  const [hours = 0, minutes = 0, seconds = 0] = zone.slice(1).split(':').map(Number);
  const total = Math.trunc(((hours * 60 + minutes) * 60 + seconds) * 1000);
  return zone.startsWith('-') ? -total : total;
}

/** Writes an instant as Python's `datetime.isoformat()` does in UTC; undefined when Python has no such datetime. */
export function formatInstant(instant: Date): string | undefined {
  const year = instant.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) return undefined;
  const text = instant.toISOString().slice(0, -1);
  // Python leaves a zero fraction out, writes six digits otherwise, and before 3.11 reads no `Z`.
  return text.endsWith('.000') ? `${text.slice(0, -4)}+00:00` : `${text}000+00:00`;
}

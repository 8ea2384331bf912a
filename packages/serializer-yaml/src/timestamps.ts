import { PlainDate, PlainDateTime } from '@kombu/core';

const form =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?)(?::(\d\d))?))?)?$/;

/**
 * A timestamp of YAML 1.1, as what PyYAML makes of it: a day is a `date`, one with an offset an aware `datetime`, which a
 * `Date` stands for, and one without a naive `datetime`.
 */
export function readTimestamp(text: string): Date | PlainDate | PlainDateTime {
  const parts = form.exec(text);
  if (!parts) throw new Error('a timestamp has the wrong form');
  const [, year = '', month = '', day = '', hour, minute, second, fraction = '', zone, sign, hours, minutes] = parts;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  try {
    if (hour === undefined) return new PlainDate(date);
    const micros = fraction === '' ? '' : `.${fraction.slice(0, 6)}`;
    const local = new PlainDateTime(`${date}T${hour.padStart(2, '0')}:${minute}:${second}${micros}`);
    if (zone === undefined) return local;
    return new Date(local.asUtc().getTime() - offset(sign, hours, minutes));
  } catch (cause) {
    throw new Error('a timestamp is out of range', { cause });
  }
}

/** In milliseconds. */
function offset(sign: string | undefined, hours = '0', minutes = '0'): number {
  const total = Number(hours) * 60 + Number(minutes);
  if (total >= 24 * 60) throw new Error('the offset is a day or more');
  return (sign === '-' ? -total : total) * 60_000;
}

/** Writes an instant as PyYAML writes an aware datetime in UTC. */
export function formatInstant(instant: Date): string {
  const year = instant.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) throw new Error('the Date is invalid or outside the years 1 to 9999');
  const [day = '', time = ''] = instant.toISOString().slice(0, -1).split('T');
  return `${day} ${time.endsWith('.000') ? time.slice(0, -4) : `${time}000`}+00:00`;
}

/** Writes a date and time without an offset as PyYAML writes a naive datetime. */
export function formatLocal({ text }: PlainDateTime): string {
  return `${text.slice(0, 10)} ${text.length === 16 ? `${text.slice(11)}:00` : text.slice(11)}`;
}

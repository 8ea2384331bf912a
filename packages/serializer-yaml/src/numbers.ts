/** Where Python, too, stops reading integers: the work grows with the square of the digits. */
const maxDigits = 4300;

/** An integer of YAML 1.1: decimal, `0b`, `0x`, octal with a leading zero, or sexagesimal such as `1:30`. */
export function readInteger(scalar: string): number | bigint {
  if (/^-?[1-9]\d{0,14}$/.test(scalar)) return Number(scalar);
  const text = scalar.replaceAll('_', '').trim();
  if (text.length > maxDigits) throw new Error(`an integer has more than ${maxDigits} digits`);
  const negative = text.startsWith('-');
  const value = magnitudeOf(text.replace(/^[-+]/, ''));
  return fitting(negative ? -value : value);
}

function magnitudeOf(digits: string): bigint {
  if (/^(?:0b[01]+|0x[\da-f]+)$/i.test(digits)) return BigInt(digits.toLowerCase());
  if (/^0[0-7]+$/.test(digits)) return BigInt(`0o${digits.slice(1)}`);
  if (!/^(?:0|[1-9]\d*|\d+(?::\d+)+)$/.test(digits)) throw new Error('an integer has the wrong form');
  return digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);
}

/** A number where it is exact, else a BigInt. */
function fitting(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const constants: ReadonlyMap<string, number> = new Map([
  ['.inf', Infinity],
  ['inf', Infinity],
  ['infinity', Infinity],
  ['.nan', NaN],
  ['nan', NaN],
]);

/** A floating point number of YAML 1.1; with an explicit tag whatever Python's `float()` takes. */
export function readFloat(scalar: string): number {
  const text = scalar.replaceAll('_', '').trim().toLowerCase();
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '');
  const constant = constants.get(digits);
  if (constant !== undefined) return sign * constant;
  if (!/^(?:\d+(?::\d+)*\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(digits)) throw new Error('a float has the wrong form');
  return sign * sexagesimal(digits.split(':').map(Number));
}

/** The sum of parts that count sixty times as much as the next one. Begins with the last, as PyYAML, for the rounding. */
function sexagesimal(parts: readonly number[]): number {
  let [sum, base] = [0, 1];
  for (const part of parts.toReversed()) {
    sum += part * base;
    base *= 60;
  }
  return sum;
}

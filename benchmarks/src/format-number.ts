export function times(value: number): string {
  return `${rounded(value)}x`;
}

export function perSecond(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

export function micros(value: number): string {
  return value >= 0.1 ? rounded(value) : value.toPrecision(2);
}

function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
}

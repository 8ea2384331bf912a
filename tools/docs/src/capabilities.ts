import type { Capabilities } from '@kombu/core';

/** The rows of the table in a transport's README, without padding: `| name | value |`. */
export function capabilityRows(capabilities: Capabilities): readonly string[] {
  return Object.entries(capabilities).map(([name, value]) => `| \`${name}\` | ${cell(value)} |`);
}

function cell(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return String(value);
  const words = Array.isArray(value) ? value.map(String) : [String(value)];
  return words.map((word) => `\`${word}\``).join(', ');
}

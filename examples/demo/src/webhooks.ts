import { readFileSync } from 'node:fs';

/** One webhook as GitHub sent it. */
export interface Webhook {
  /** `push`, `pull_request`, … */
  readonly event: string;
  /** `github.<event>`, or `github.<event>.<action>` where the event has one. */
  readonly routingKey: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const file = new URL('../data/github-webhooks.jsonl', import.meta.url);

/** Reads the recorded webhooks; see data/README.md for where they come from. */
export function readWebhooks(): readonly Webhook[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Webhook);
}

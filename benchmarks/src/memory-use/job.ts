import type { Site } from '../client.ts';
import type { ClientName, Load } from './footprint.ts';

/** What the process that is weighed reads from its argument. */
export interface Job {
  readonly load: Load;
  readonly client?: ClientName | undefined;
  readonly site?: Site | undefined;
}

/** What it prints: its resident memory, or why it cannot do this. */
export type Answer = { readonly bytes: number; readonly client: string | undefined } | { readonly absent: string };

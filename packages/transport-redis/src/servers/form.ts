/** What a scheme says of the servers. */
export interface Form {
  readonly kind: 'single' | 'socket' | 'sentinel' | 'cluster';
  readonly isSecure: boolean;
}

/** The schemes of this transport. */
export const forms: Readonly<Record<string, Form>> = {
  redis: { kind: 'single', isSecure: false },
  rediss: { kind: 'single', isSecure: true },
  'redis+socket': { kind: 'socket', isSecure: false },
  sentinel: { kind: 'sentinel', isSecure: false },
  'redis-cluster': { kind: 'cluster', isSecure: false },
  'rediss-cluster': { kind: 'cluster', isSecure: true },
  // As Kombu would write it, if it had clusters.
  'redis+cluster': { kind: 'cluster', isSecure: false },
  'rediss+cluster': { kind: 'cluster', isSecure: true },
};

/**
 * A message may expire while it is worked on; the service would drop it then, and its handler would lose the lease. So it is
 * kept for another hour. Whoever reads it before goes by the envelope, which says when it expires.
 */
const graceMs = 3_600_000;

/** Seconds after which the service drops a message; -1: never, where its own default is a week. */
export function timeToLive(expiresAt: number | undefined, now: number): number {
  return expiresAt === undefined ? -1 : Math.ceil((Math.max(0, expiresAt - now) + graceMs) / 1000);
}

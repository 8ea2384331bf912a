/** What SQS allows. */

/** Messages in one call. */
export const batchSize = 10;
/** A message, and all messages of one call together, in bytes. */
export const maxMessageBytes: number = 1 << 20;
/** `DelaySeconds`: 15 minutes. */
export const longestDelayMs = 900_000;
/** `VisibilityTimeout`: 12 hours from the delivery. */
export const longestLeaseMs = 43_200_000;
/** `WaitTimeSeconds`. */
export const longestWaitSeconds = 20;

/** SQS counts in whole seconds: never less than what was asked for. */
export function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

/** One delivery of a message. */
export interface Receipt {
  readonly handle: string;
  /**
   * When the lease ends, in wall-clock milliseconds; 0 once it is settled. SQS takes an old handle for the newest as long as
   * nobody else got the message, and does not tell afterwards: so the time decides.
   */
  until: number;
  /** How long the message is hidden when it is given back without a delay, in milliseconds. */
  readonly backoffMs: number;
}

/** A message in our hands. The service gives a new pop receipt with each renewal, and forgets the one before. */
export interface Claim {
  readonly messageId: string;
  popReceipt: string;
}

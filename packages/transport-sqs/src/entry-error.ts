import type { BatchResultErrorEntry } from '@aws-sdk/client-sqs';

/** What SQS says of one message of a batch, as the error that it would be for a call of its own. */
export function entryError({ Code = 'InternalError', Message }: BatchResultErrorEntry): Error {
  const error = new Error(`SQS refused it: ${Message ?? Code}`);
  error.name = Code;
  return error;
}

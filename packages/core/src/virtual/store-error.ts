import type { ErrorCode } from '../errors.ts';
import { ConnectionError, KombuError, PublishUncertainError, errorOf, isConnectionError } from '../errors.ts';
import { redactText } from '../registry/redact.ts';

/** Makes an error of ours from whatever a store threw; its cause is the original. */
export function storeError(error: unknown, classify: (error: unknown) => ErrorCode, doing: string): KombuError {
  if (error instanceof KombuError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return errorOf(codeOf(error, classify), `${doing}: ${redactText(detail)}`, { cause: error });
}

function codeOf(error: unknown, classify: (error: unknown) => ErrorCode): ErrorCode {
  try {
    return classify(error);
  } catch {
    // A classifier that fails knows no better than one that answers INTERNAL.
    return 'INTERNAL';
  }
}

/** Is the link gone with this error? */
export function breaksLink(error: KombuError): boolean {
  return isConnectionError(error);
}

/** What a failed `put` means to the publisher: is the message possibly in the queue? */
export function publishError(error: KombuError): KombuError {
  if (error.code === 'CONNECTION_FAILED') return notSentError(error);
  return breaksLink(error) || error.code === 'TIMEOUT' ? uncertainError(error) : error;
}

/** For a message whose `put` was under way when the link broke. */
export function uncertainError(cause: KombuError): PublishUncertainError {
  return new PublishUncertainError(
    `The message may or may not be in the queue, because the answer never came (${cause.message}). Publish it again only if consumers can bear a duplicate.`,
    { cause },
  );
}

/** For a message that had not left this process when the link broke. */
export function notSentError(cause: KombuError): ConnectionError {
  return new ConnectionError(`The message was not sent: ${cause.message}`, { cause });
}

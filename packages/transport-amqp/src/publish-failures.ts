import { PublishUncertainError, ConnectionError, errorOf } from '@kombu/core/spi';
import { classify } from './classify.ts';
import type { Publish } from './confirms.ts';

/** The class and method numbers that a channel error of a publish names. */
const publishMethod = { classId: 60, methodId: 40 };

/** What becomes of the messages of a channel that the broker closed. */
export interface Verdict {
  readonly failed: readonly { readonly publish: Publish; readonly error: Error }[];
  /** The broker ignored them, as all that came after the one that it refused. */
  readonly untouched: readonly Publish[];
}

/**
 * A channel error says what was wrong, but not with which message. It is told by what the error names, which may be said of
 * several: then it was one of these. What came before the last of them may have got in (their exchange may have been there a
 * moment ago); what came after it certainly has not, and may be sent again.
 */
export function judge(error: Error, publishes: readonly Publish[]): Verdict {
  const isGuilty = suspicion(error) ?? (() => false);
  const last = publishes.findLastIndex(isGuilty);
  const end = last === -1 ? publishes.length : last + 1;
  return {
    failed: publishes
      .slice(0, end)
      .map((publish) => ({ publish, error: isGuilty(publish) ? error : uncertain(error) })),
    untouched: publishes.slice(end),
  };
}

function suspicion(error: Error): ((publish: Publish) => boolean) | undefined {
  const { message } = error;
  const { classId, methodId } = error as { readonly classId?: number; readonly methodId?: number };
  const [, size] = /message size (\d+)/.exec(message) ?? [];
  if (size !== undefined) return ({ envelope }) => envelope.body.length === Number(size);
  const [, userId] = /user_id property set to '(.*)' but/.exec(message) ?? [];
  if (userId !== undefined) return ({ envelope }) => envelope.properties.userId === userId;
  if (classId !== publishMethod.classId || methodId !== publishMethod.methodId) return undefined;
  const [, exchange] = /exchange '(.*)' in vhost/.exec(message) ?? [];
  return exchange === undefined ? undefined : ({ route }) => route.exchange === exchange;
}

function uncertain(cause: Error): PublishUncertainError {
  return new PublishUncertainError(
    `The channel was closed before RabbitMQ confirmed the message, which may have got in: ${cause.message}`,
    { cause },
  );
}

/** The link broke. What never left the process is certainly not in the broker. */
export function lost(reason: Error, wasSent: boolean): Error {
  if (wasSent) {
    return new PublishUncertainError(
      `The connection broke before RabbitMQ confirmed the message, which may have got in: ${reason.message}`,
      { cause: reason },
    );
  }
  const code = classify(reason) === 'CLOSED' ? 'CLOSED' : 'CONNECTION_LOST';
  return errorOf(code, `The message was not sent: ${reason.message}`, { cause: reason });
}

/** The channel was closed by its owner. */
export function closedError(what: string): ConnectionError {
  return new ConnectionError(`${what} is closed`, { code: 'CLOSED' });
}

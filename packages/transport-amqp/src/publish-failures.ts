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
 * A channel error says what was wrong, but not with which message. It is told by what the error names. Those before it may
 * have got in; those after it certainly have not.
 */
export function judge(error: Error, publishes: readonly Publish[]): Verdict {
  const { isSuspect, passes } = suspicionOf(error);
  const culprit = passes ? publishes.findLastIndex(isSuspect) : publishes.findIndex(isSuspect);
  const before = culprit === -1 ? publishes : publishes.slice(0, culprit);
  const rest = publishes.slice(before.length);
  return {
    failed: [
      ...before.map((publish) => ({ publish, error: uncertain(error) })),
      // To all of them the same would happen, one channel after the other.
      ...rest.filter(isSuspect).map((publish) => ({ publish, error })),
    ],
    untouched: rest.filter((publish) => !isSuspect(publish)),
  };
}

/** Which messages an error may mean. */
interface Suspicion {
  readonly isSuspect: (publish: Publish) => boolean;
  /**
   * What is refused now may have been taken a moment ago, as when its exchange is deleted meanwhile: then it is known of the
   * last suspect only that the broker does not have it. Otherwise the first is the one.
   */
  readonly passes: boolean;
}

const nobody: Suspicion = { isSuspect: () => false, passes: false };

function suspicionOf(error: Error): Suspicion {
  const { message } = error;
  const { classId, methodId } = error as { readonly classId?: number; readonly methodId?: number };
  const [, size] = /message size (\d+)/.exec(message) ?? [];
  if (size !== undefined) return { isSuspect: ({ envelope }) => envelope.body.length === Number(size), passes: false };
  const [, userId] = /user_id property set to '(.*)' but/.exec(message) ?? [];
  if (userId !== undefined) {
    return { isSuspect: ({ envelope }) => envelope.properties.userId === userId, passes: false };
  }
  if (classId !== publishMethod.classId || methodId !== publishMethod.methodId) return nobody;
  const [, exchange] = /exchange '(.*)' in vhost/.exec(message) ?? [];
  return exchange === undefined ? nobody : { isSuspect: ({ route }) => route.exchange === exchange, passes: true };
}

function uncertain(cause: Error): PublishUncertainError {
  return new PublishUncertainError(`RabbitMQ did not confirm the message, which may have got in: ${cause.message}`, {
    cause,
  });
}

/** The link or the channel is over. What never left the process is certainly not in the broker. */
export function lost(reason: Error, wasSent: boolean): Error {
  if (wasSent) return uncertain(reason);
  const code = classify(reason) === 'CLOSED' ? 'CLOSED' : 'CONNECTION_LOST';
  return errorOf(code, `The message was not sent: ${reason.message}`, { cause: reason });
}

/** The channel was closed by its owner. */
export function closedError(what: string): ConnectionError {
  return new ConnectionError(`${what} is closed`, { code: 'CLOSED' });
}

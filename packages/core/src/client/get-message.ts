import type { WaitOptions } from '../reliability/deadline.ts';
import { bounded } from '../reliability/deadline.ts';
import { TimeBudget } from '../reliability/time-budget.ts';
import { defaultOperationTimeout } from './control.ts';
import type { Place } from './host.ts';
import { Message } from './message.ts';
import { channelOf } from './channel-of.ts';
import { messageContext } from './message-context.ts';

/** Options of {@link Queue.get}. */
export interface GetMessageOptions extends WaitOptions {
  /** Delivered means settled. @default false */
  readonly noAck?: boolean;
  /** Content types or serializer names that may be decoded; default: every enabled one. */
  readonly accept?: Iterable<string>;
}

/** One ready message of a queue, or undefined at once. */
export async function getMessage<T>(
  place: Place,
  queue: string,
  options: GetMessageOptions,
): Promise<Message<T> | undefined> {
  const owner = place.internals;
  const doing = `Getting a message from queue '${queue}'`;
  const noAck = options.noAck ?? false;
  const context = messageContext(owner, { accept: options.accept, noAck });
  const budget = new TimeBudget(options, owner.clock, defaultOperationTimeout);
  const session = await channelOf(place).open(budget.left, doing);
  const answer = session.channel.get(queue, { noAck });
  try {
    const delivery = await bounded(answer, budget.left, owner.clock, doing);
    return delivery && new Message<T>(delivery, session, context);
  } catch (error) {
    // An answer that comes after all is nobody's: it goes back.
    answer
      .then((late) => (late && !noAck ? session.channel.reject(late.deliveryTag, { requeue: true }) : undefined))
      .catch((failure: unknown) => owner.logger.debug(`${doing} failed`, { error: failure }));
    throw owner.wrap(error, doing);
  }
}

import type { Message } from './message.ts';

/** More messages than this are not remembered at a time; the oldest are forgotten. */
const mostRemembered = 10_000;

/**
 * How often messages were delivered to a consumer whose handler failed. The transport's count where it has one; otherwise they
 * are counted here by message id, as well as one process can: a crash begins anew.
 */
export class FailureCounts {
  readonly #counts = new Map<string, number>();

  /** The deliveries so far, this one included. */
  next(message: Message): number {
    if (message.deliveryCount !== undefined) return message.deliveryCount + 1;
    const atLeast = message.deliveryInfo.redelivered ? 2 : 1;
    const key = keyOf(message);
    if (key === undefined) return atLeast;
    const count = Math.max(atLeast, (this.#counts.get(key) ?? 0) + 1);
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined && this.#counts.size >= mostRemembered) this.#counts.delete(oldest);
    // Behind the others: it was seen last.
    this.#counts.delete(key);
    this.#counts.set(key, count);
    return count;
  }

  /** It is done, or given up. */
  forget(message: Message): void {
    if (this.#counts.size > 0) this.#counts.delete(keyOf(message) ?? '');
  }
}

/** Queues have copies of their own, under one id. */
function keyOf({ properties, deliveryInfo }: Message): string | undefined {
  const { messageId } = properties;
  return messageId === undefined ? undefined : JSON.stringify([deliveryInfo.queue, messageId]);
}

import type { OutgoingMessage, PutFailure } from '../spi/queue-store.ts';

/**
 * `put` of a store that can only write one message at a time: in order, each after the one before it, so that no reader sees the
 * second one first. Resolves to those that could not be written; the others are not held up by them.
 */
export async function putEach(
  messages: readonly OutgoingMessage[],
  write: (message: OutgoingMessage) => Promise<unknown>,
): Promise<readonly PutFailure[]> {
  const failures: PutFailure[] = [];
  for (const [index, message] of messages.entries()) {
    try {
      await write(message);
    } catch (error) {
      failures.push({ index, error });
    }
  }
  return failures;
}

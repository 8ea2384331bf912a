import { LimitExceededError, type OutgoingMessage, type PutFailure } from '@kombu/core/spi';
import { entryPrefix } from './entries.ts';
import { codes, hasCode } from './errors.ts';
import { maxPayloadBytes, stepBytes } from './limits.ts';
import type { Session } from './session.ts';

/** A server does nothing else meanwhile. */
const maxSteps = 500;

/** A message that is ready to be sent. */
interface Step {
  readonly index: number;
  readonly path: string;
  readonly data: Buffer;
}

/** Appends messages to the queue at this path, in transactions that are as large as the server takes them. */
export async function putAll(
  session: Session,
  path: string,
  messages: readonly OutgoingMessage[],
): Promise<readonly PutFailure[]> {
  const steps = messages.map(({ payload, priority }, index) => {
    return { index, path: `${path}/${entryPrefix(priority)}`, data: Buffer.from(payload) };
  });
  const failures = steps.filter((step) => !isSmall(step)).map(({ index, data }) => ({ index, error: tooLarge(data) }));
  const batches = inBatches(steps.filter(isSmall));
  // All at once: the server takes what comes over one connection in its order.
  const results = await Promise.allSettled(batches.map((batch) => putBatch(session, path, batch)));
  const failed = results.flatMap((result, place) => {
    if (result.status === 'fulfilled') return [];
    return (batches[place] ?? []).map(({ index }) => ({ index, error: result.reason as unknown }));
  });
  return [...failures, ...failed];
}

function isSmall({ data }: Step): boolean {
  return data.length <= maxPayloadBytes;
}

async function putBatch(session: Session, path: string, batch: readonly Step[]): Promise<void> {
  const commit = (): Promise<void> =>
    session.commit((transaction) => {
      for (const step of batch) transaction.create(step.path, step.data, 'PERSISTENT_SEQUENTIAL');
    });
  try {
    await commit();
  } catch (error) {
    if (!hasCode(error, codes.noNode)) throw error;
    // Queues come to be by what is put into them, as in Kombu.
    await session.ensure(path);
    await commit();
  }
}

function inBatches(steps: readonly Step[]): readonly (readonly Step[])[] {
  const batches: Step[][] = [];
  let bytes = Infinity;
  for (const step of steps) {
    const size = step.data.length + Buffer.byteLength(step.path) + stepBytes;
    if (bytes + size > maxPayloadBytes || (batches.at(-1)?.length ?? maxSteps) >= maxSteps) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(step);
    bytes += size;
  }
  return batches;
}

function tooLarge(data: Buffer): LimitExceededError {
  return new LimitExceededError(
    `A message of ${data.length} bytes is too large for ZooKeeper: at most ${maxPayloadBytes}. Publish where it can be found instead of what it says.`,
  );
}

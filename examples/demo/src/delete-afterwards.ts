import type { Connection, Exchange, Queue } from '@kombu/core';
import { KombuError } from '@kombu/core';
import type { Output } from './output.ts';

/** Milliseconds for everything; on a broken connection nothing can be deleted, and nobody should wait long to hear it. */
const patience = 10_000;

/** Deletes what was declared, the last first, when its scope ends: also when it ends by an error. */
export function deleteAfterwards(
  connection: Connection,
  entities: readonly (Exchange | Queue)[],
  output: Output,
): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      const signal = AbortSignal.timeout(patience);
      for (const entity of entities.toReversed()) {
        try {
          await entity.delete(connection, { signal });
        } catch (error) {
          // Declaring it may be what failed.
          if (error instanceof KombuError && error.code === 'NOT_FOUND') continue;
          output.line(`${String(entity)} could not be deleted: ${(error as Error).message}`);
        }
      }
    },
  };
}

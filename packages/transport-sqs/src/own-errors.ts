import type { SQSClient } from '@aws-sdk/client-sqs';

/**
 * Errors of Node may come from another realm (`node:vm`, Jest). The client knows them for errors no more, and loses the code by
 * which it tells whether to try again: so they become errors of this realm before it sees them.
 */
export function keepErrorCodes(client: SQSClient): SQSClient {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw error instanceof Error ? error : ownError(error);
      }
    },
    { step: 'deserialize', priority: 'low', name: 'keepErrorCodes' },
  );
  return client;
}

function ownError(foreign: unknown): Error {
  const { name, message, code, errors } = (foreign ?? {}) as Partial<NodeJS.ErrnoException & AggregateError>;
  const error = new Error(message ?? String(foreign), { cause: foreign });
  return Object.assign(error, { ...(name && { name }), ...(code && { code }), ...(errors && { errors }) });
}

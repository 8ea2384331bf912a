import { KombuError, classifySystemError, type ErrorCode } from '@kombu/core/spi';

/** What the codes of the server mean. What was refused without being done is CONNECTION_FAILED rather than CONNECTION_LOST. */
const replies: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  // Unauthorized, AuthenticationFailed, and Atlas' own.
  [13, 'ACCESS_REFUSED'],
  [18, 'ACCESS_REFUSED'],
  [8000, 'ACCESS_REFUSED'],
  // This server is not, or no longer, the one to write to: a new connection finds the right one.
  [10_107, 'CONNECTION_FAILED'],
  [13_435, 'CONNECTION_FAILED'],
  [13_436, 'CONNECTION_FAILED'],
  // It shuts down, or steps down in the middle.
  [91, 'CONNECTION_LOST'],
  [189, 'CONNECTION_LOST'],
  [11_600, 'CONNECTION_LOST'],
  [11_602, 'CONNECTION_LOST'],
  [6, 'CONNECTION_LOST'],
  [7, 'CONNECTION_LOST'],
  [9001, 'CONNECTION_LOST'],
  // ExceededTimeLimit, MaxTimeMSExpired, WriteConcernFailed: it may be done, or not with the majority.
  [50, 'TIMEOUT'],
  [64, 'TIMEOUT'],
  [262, 'TIMEOUT'],
  [100, 'PRECONDITION_FAILED'],
  // OutOfDiskSpace, and the quota of a hosted cluster.
  [14_031, 'BLOCKED'],
  // CommandNotFound, CommandNotSupported, NotImplemented, and change streams without a replica set.
  [59, 'UNSUPPORTED'],
  [115, 'UNSUPPORTED'],
  [238, 'UNSUPPORTED'],
  [40_573, 'UNSUPPORTED'],
  // IndexOptionsConflict, IndexKeySpecsConflict, NamespaceExists.
  [48, 'PRECONDITION_FAILED'],
  [85, 'PRECONDITION_FAILED'],
  [86, 'PRECONDITION_FAILED'],
  // BSONObjectTooLarge.
  [10_334, 'LIMIT_EXCEEDED'],
  [17_280, 'LIMIT_EXCEEDED'],
  // BadValue, InvalidNamespace.
  [2, 'INVALID_ARGUMENT'],
  [73, 'INVALID_ARGUMENT'],
]);

/** The driver's own errors, by name: they may come from another copy of it. */
const names: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ['MongoServerSelectionError', 'CONNECTION_FAILED'],
  ['MongoWaitQueueTimeoutError', 'TIMEOUT'],
  ['MongoOperationTimeoutError', 'TIMEOUT'],
  ['MongoMissingCredentialsError', 'ACCESS_REFUSED'],
  ['MongoParseError', 'INVALID_ARGUMENT'],
  ['MongoInvalidArgumentError', 'INVALID_ARGUMENT'],
  ['MongoMissingDependencyError', 'UNSUPPORTED'],
  ['MongoCompatibilityError', 'UNSUPPORTED'],
  ['MongoNetworkError', 'CONNECTION_LOST'],
  ['MongoNetworkTimeoutError', 'CONNECTION_LOST'],
  ['MongoPoolClearedError', 'CONNECTION_LOST'],
  ['MongoPoolClosedError', 'CONNECTION_LOST'],
  ['PoolClearedOnNetworkError', 'CONNECTION_LOST'],
  ['MongoNotConnectedError', 'CONNECTION_LOST'],
  ['MongoTopologyClosedError', 'CONNECTION_LOST'],
  ['MongoServerClosedError', 'CONNECTION_LOST'],
  ['MongoClientClosedError', 'CONNECTION_LOST'],
  ['MongoExpiredSessionError', 'CONNECTION_LOST'],
  ['BSONError', 'INVALID_ARGUMENT'],
]);

interface DriverError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly message?: unknown;
  readonly connectionGeneration?: unknown;
}

/** What an error of the server, the driver or the network means. */
export function classify(error: unknown): ErrorCode {
  if (error instanceof KombuError) return error.code;
  const { name, code, cause, message } = (error ?? {}) as DriverError;
  const reply = replies.get(code);
  if (reply !== undefined) return reply;
  // A connection that could not even be made.
  if (name === 'MongoNetworkError' && /^connect |^getaddrinfo /.test(String(message))) return 'CONNECTION_FAILED';
  const known = names.get(String(name)) ?? classifySystemError(error);
  if (known !== undefined) return known;
  return cause === undefined || cause === error ? 'INTERNAL' : classify(cause);
}

/**
 * Every way in which an operation can fail, as one closed list. Callers branch on `error.code`, never on the message;
 * the same situation gives the same code on every transport.
 */
export type ErrorCode =
  /** No connection could be made: nobody listens, DNS failed, the handshake broke. */
  | 'CONNECTION_FAILED'
  /** An established connection broke. */
  | 'CONNECTION_LOST'
  /** The object was closed by its owner. */
  | 'CLOSED'
  /** The broker refuses these credentials or this operation (AMQP 403). */
  | 'ACCESS_REFUSED'
  /** The channel broke; the connection and other channels go on. */
  | 'CHANNEL_ERROR'
  /** The named exchange, queue or virtual host does not exist (AMQP 404). */
  | 'NOT_FOUND'
  /** An entity exists with other properties, or a condition such as `ifEmpty` does not hold (AMQP 406). */
  | 'PRECONDITION_FAILED'
  /** Another connection owns this exclusive entity (AMQP 405). */
  | 'RESOURCE_LOCKED'
  /** A deadline passed. */
  | 'TIMEOUT'
  /** The caller's AbortSignal fired. */
  | 'ABORTED'
  /** The broker blocks publishers for want of memory or disk. */
  | 'BLOCKED'
  /** The link broke after the message was sent and before the broker answered. */
  | 'PUBLISH_UNCERTAIN'
  /** The broker refused to take the message. */
  | 'NACKED'
  /** `mandatory` was set and no queue is bound for this routing key. */
  | 'UNROUTABLE'
  | 'NOT_BOUND'
  | 'MESSAGE_STATE'
  | 'ENCODE_FAILED'
  | 'DECODE_FAILED'
  | 'CONTENT_DISALLOWED'
  | 'SERIALIZER_NOT_INSTALLED'
  | 'TRANSPORT_NOT_INSTALLED'
  | 'UNKNOWN_TRANSPORT'
  | 'INVALID_ARGUMENT'
  | 'LIMIT_EXCEEDED'
  | 'UNSUPPORTED'
  | 'EMPTY'
  /** A fault in this library or in a transport, or an error that the transport could not classify. */
  | 'INTERNAL';

/** What every error of this library carries beside its message. */
export interface KombuErrorOptions extends ErrorOptions {
  readonly code?: ErrorCode;
}

/** The base of every error that this library throws. */
export class KombuError extends Error {
  override readonly name: string = 'KombuError';
  /** Which situation this is; see {@link ErrorCode}. */
  readonly code: ErrorCode;

  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = options.code ?? 'INTERNAL';
  }
}

/** The broker or the way to it failed; trying again later may work. */
export class OperationalError extends KombuError {
  override readonly name: string = 'OperationalError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'CONNECTION_FAILED', ...options });
  }
}

/** The connection could not be made, broke, is blocked by the broker or was closed. */
export class ConnectionError extends OperationalError {
  override readonly name: string = 'ConnectionError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'CONNECTION_LOST', ...options });
  }
}

/** The broker refused an operation on one channel; other channels go on. */
export class ChannelError extends OperationalError {
  override readonly name: string = 'ChannelError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'CHANNEL_ERROR', ...options });
  }
}

/** The named exchange or queue does not exist (AMQP 404). */
export class NotFoundError extends ChannelError {
  override readonly name: string = 'NotFoundError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'NOT_FOUND', ...options });
  }
}

/** The entity exists with other properties, or `ifEmpty` or `ifUnused` does not hold (AMQP 406). */
export class PreconditionFailedError extends ChannelError {
  override readonly name: string = 'PreconditionFailedError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'PRECONDITION_FAILED', ...options });
  }
}

/** Another connection owns this exclusive entity (AMQP 405). */
export class ResourceLockedError extends ChannelError {
  override readonly name: string = 'ResourceLockedError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'RESOURCE_LOCKED', ...options });
  }
}

/** The broker refuses these credentials or this operation (AMQP 403). */
export class AccessRefusedError extends ChannelError {
  override readonly name: string = 'AccessRefusedError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'ACCESS_REFUSED', ...options });
  }
}

/** A deadline passed. */
export class TimeoutError extends OperationalError {
  override readonly name: string = 'TimeoutError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'TIMEOUT', ...options });
  }
}

/** The link broke after the message was sent and before the broker answered: it may or may not be in the queue. */
export class PublishUncertainError extends OperationalError {
  override readonly name: string = 'PublishUncertainError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'PUBLISH_UNCERTAIN', ...options });
  }
}

/** The broker refused to take the message. */
export class MessageNackedError extends OperationalError {
  override readonly name: string = 'MessageNackedError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'NACKED', ...options });
  }
}

/** `mandatory` was set and no queue is bound for this routing key (AMQP 312). */
export class UnroutableError extends OperationalError {
  override readonly name: string = 'UnroutableError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'UNROUTABLE', ...options });
  }
}

/** The caller's AbortSignal fired; `cause` is its reason. */
export class AbortedError extends KombuError {
  // The name that Node itself gives to aborted operations.
  override readonly name: string = 'AbortError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'ABORTED', ...options });
  }
}

/** The entity is not bound to a channel and none was given. */
export class NotBoundError extends KombuError {
  override readonly name: string = 'NotBoundError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'NOT_BOUND', ...options });
  }
}

/** The message was settled already, or came from a consumer that does not settle. */
export class MessageStateError extends KombuError {
  override readonly name: string = 'MessageStateError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'MESSAGE_STATE', ...options });
  }
}

/** The body cannot be written by this serializer or compressor. */
export class EncodeError extends KombuError {
  override readonly name: string = 'EncodeError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'ENCODE_FAILED', ...options });
  }
}

/** The body cannot be read: malformed, too large, too deep, or of an unknown kind. */
export class DecodeError extends KombuError {
  override readonly name: string = 'DecodeError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'DECODE_FAILED', ...options });
  }
}

/** No serializer or compressor is registered under this name. */
export class SerializerNotInstalledError extends KombuError {
  override readonly name: string = 'SerializerNotInstalledError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'SERIALIZER_NOT_INSTALLED', ...options });
  }
}

/** The message's content type is not accepted here. */
export class ContentDisallowedError extends SerializerNotInstalledError {
  override readonly name: string = 'ContentDisallowedError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'CONTENT_DISALLOWED', ...options });
  }
}

/** The transport for this URL scheme is known but its package is not installed. */
export class TransportNotInstalledError extends KombuError {
  override readonly name: string = 'TransportNotInstalledError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'TRANSPORT_NOT_INSTALLED', ...options });
  }
}

/** No transport is known for this URL scheme. */
export class UnknownTransportError extends KombuError {
  override readonly name: string = 'UnknownTransportError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'UNKNOWN_TRANSPORT', ...options });
  }
}

/** The caller passed something that can never work. */
export class InvalidArgumentError extends KombuError {
  override readonly name: string = 'InvalidArgumentError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'INVALID_ARGUMENT', ...options });
  }
}

/** A pool, a window or a size limit is exhausted. */
export class LimitExceededError extends KombuError {
  override readonly name: string = 'LimitExceededError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'LIMIT_EXCEEDED', ...options });
  }
}

/** This transport cannot do what was asked. */
export class UnsupportedError extends KombuError {
  override readonly name: string = 'UnsupportedError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'UNSUPPORTED', ...options });
  }
}

/** The queue gave no message within the time allowed. */
export class EmptyError extends KombuError {
  override readonly name: string = 'EmptyError';
  constructor(message: string, options: KombuErrorOptions = {}) {
    super(message, { code: 'EMPTY', ...options });
  }
}

const classes: Readonly<Partial<Record<ErrorCode, new (m: string, o?: KombuErrorOptions) => KombuError>>> = {
  CONNECTION_FAILED: ConnectionError,
  CONNECTION_LOST: ConnectionError,
  CLOSED: ConnectionError,
  BLOCKED: ConnectionError,
  CHANNEL_ERROR: ChannelError,
  NOT_FOUND: NotFoundError,
  PRECONDITION_FAILED: PreconditionFailedError,
  RESOURCE_LOCKED: ResourceLockedError,
  ACCESS_REFUSED: AccessRefusedError,
  TIMEOUT: TimeoutError,
  PUBLISH_UNCERTAIN: PublishUncertainError,
  NACKED: MessageNackedError,
  UNROUTABLE: UnroutableError,
  ABORTED: AbortedError,
  NOT_BOUND: NotBoundError,
  MESSAGE_STATE: MessageStateError,
  ENCODE_FAILED: EncodeError,
  DECODE_FAILED: DecodeError,
  SERIALIZER_NOT_INSTALLED: SerializerNotInstalledError,
  CONTENT_DISALLOWED: ContentDisallowedError,
  TRANSPORT_NOT_INSTALLED: TransportNotInstalledError,
  UNKNOWN_TRANSPORT: UnknownTransportError,
  INVALID_ARGUMENT: InvalidArgumentError,
  LIMIT_EXCEEDED: LimitExceededError,
  UNSUPPORTED: UnsupportedError,
  EMPTY: EmptyError,
};

/** Makes the error of the class that belongs to `code`. */
export function errorOf(code: ErrorCode, message: string, options: ErrorOptions = {}): KombuError {
  return new (classes[code] ?? KombuError)(message, { ...options, code });
}

const connectionCodes: ReadonlySet<ErrorCode> = new Set(['CONNECTION_FAILED', 'CONNECTION_LOST']);

/** Does a new connection have a chance to cure this error? */
export function isConnectionError(error: unknown): error is KombuError {
  return error instanceof KombuError && connectionCodes.has(error.code);
}

/** The error that a fired AbortSignal stands for. */
export function abortedError(signal: AbortSignal, doing: string): KombuError {
  if (signal.reason instanceof KombuError) return signal.reason;
  return new AbortedError(`${doing} was aborted`, { cause: signal.reason });
}

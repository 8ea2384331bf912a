import type { ErrorCode } from '@kombu/core/spi';

/** What the strict broker says when it refuses; its client library would throw this. */
export class BrokerError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

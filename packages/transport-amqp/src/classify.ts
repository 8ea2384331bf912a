import type { ErrorCode } from '@kombu/core/spi';
import { KombuError, classifySystemError } from '@kombu/core/spi';

/** What the reply codes of AMQP 0-9-1 mean, on channels and on connections. */
const replyCodes: Readonly<Record<number, ErrorCode>> = {
  311: 'LIMIT_EXCEEDED',
  312: 'UNROUTABLE',
  313: 'UNROUTABLE',
  320: 'CONNECTION_LOST',
  402: 'INVALID_ARGUMENT',
  403: 'ACCESS_REFUSED',
  404: 'NOT_FOUND',
  405: 'RESOURCE_LOCKED',
  406: 'PRECONDITION_FAILED',
  501: 'CONNECTION_LOST',
  502: 'INVALID_ARGUMENT',
  503: 'CONNECTION_LOST',
  504: 'CHANNEL_ERROR',
  505: 'CONNECTION_LOST',
  506: 'LIMIT_EXCEEDED',
  530: 'ACCESS_REFUSED',
  540: 'UNSUPPORTED',
  541: 'CONNECTION_LOST',
};

/** Broader codes that RabbitMQ makes precise in its text. */
const texts: readonly (readonly [RegExp, ErrorCode])[] = [
  // The broker gave up waiting for an ack: not the fault of a declaration, and cured by a new channel.
  [/delivery acknowledgement on channel \d+ timed out/i, 'CHANNEL_ERROR'],
  [/unknown delivery tag/i, 'CHANNEL_ERROR'],
  [/message size \d+ is larger than|larger than (?:configured )?max size/i, 'LIMIT_EXCEEDED'],
  [/NOT_ALLOWED - vhost .* not found/i, 'NOT_FOUND'],
  [/(?:connection|channel) limit|limit .* is reached|number of channels opened/i, 'LIMIT_EXCEEDED'],
];

/** Errors of amqplib that carry no code. */
const phrases: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^SASL mechanism \S+ is not provided by the server/, 'UNSUPPORTED'],
  [/^Socket closed abruptly during opening handshake/, 'CONNECTION_FAILED'],
  [/^connect ETIMEDOUT/, 'CONNECTION_FAILED'],
  [
    /^(?:Expected Connection|Expected connection\.|Frame on channel != 0 during handshake|Server frameMax)/,
    'CONNECTION_FAILED',
  ],
  [
    /^(?:Heartbeat timeout|Unexpected close|Invalid frame|Frame size \d|Unknown frame type|The broker sent )/,
    'CONNECTION_LOST',
  ],
  [/^Connection clos(?:ed|ing)/, 'CONNECTION_LOST'],
  [/^Channel (?:ended|closed|closing)|^channel closed/, 'CHANNEL_ERROR'],
  [/^No channels left to allocate/, 'LIMIT_EXCEEDED'],
  [/^Encoded field table .* exceeds/, 'INVALID_ARGUMENT'],
];

/** Certificates and handshakes, by Node's and by OpenSSL's names. */
const tlsCode =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH)/;

/** What an error of amqplib, of a socket or of TLS means. */
export function classify(error: unknown): ErrorCode {
  if (error instanceof KombuError) return error.code;
  if (typeof error !== 'object' || error === null) return 'INTERNAL';
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof message !== 'string') return 'INTERNAL';
  const replyCode = typeof code === 'number' ? code : handshakeCode(message);
  if (replyCode !== undefined) return codeOfReply(replyCode, message);
  if (typeof code === 'string') return codeOfSocket(error, code);
  return phrases.find(([pattern]) => pattern.test(message))?.[1] ?? 'INTERNAL';
}

/** While it logs in, amqplib puts the broker's refusal into the text only. */
function handshakeCode(message: string): number | undefined {
  const [, code] = /^Handshake terminated by server: (\d{3})/.exec(message) ?? [];
  return code === undefined ? undefined : Number(code);
}

function codeOfReply(replyCode: number, message: string): ErrorCode {
  return texts.find(([pattern]) => pattern.test(message))?.[1] ?? replyCodes[replyCode] ?? 'INTERNAL';
}

/** While it connects as well as later. */
function codeOfSocket(error: unknown, code: string): ErrorCode {
  if (tlsCode.test(code) || code === 'EPROTO') return 'CONNECTION_FAILED';
  if (code === 'ERR_STREAM_DESTROYED' || code === 'ERR_STREAM_WRITE_AFTER_END') return 'CONNECTION_LOST';
  if (code === 'ABORT_ERR') return 'ABORTED';
  return classifySystemError(error) ?? 'INTERNAL';
}

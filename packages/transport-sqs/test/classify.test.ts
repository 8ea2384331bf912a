import { TimeoutError } from '@kombu/core';
import { classify } from '../src/classify.ts';

function named(name: string, parts: object = {}): Error {
  return Object.assign(new Error('said by SQS'), { name, ...parts });
}

describe('classify', () => {
  it.each([
    ['QueueDoesNotExist', 'NOT_FOUND'],
    ['AWS.SimpleQueueService.NonExistentQueue', 'NOT_FOUND'],
    ['AccessDenied', 'ACCESS_REFUSED'],
    ['AccessDeniedException', 'ACCESS_REFUSED'],
    ['KmsAccessDenied', 'ACCESS_REFUSED'],
    ['InvalidClientTokenId', 'ACCESS_REFUSED'],
    ['SignatureDoesNotMatch', 'ACCESS_REFUSED'],
    ['ExpiredToken', 'ACCESS_REFUSED'],
    ['ExpiredTokenException', 'ACCESS_REFUSED'],
    ['UnrecognizedClientException', 'ACCESS_REFUSED'],
    ['CredentialsProviderError', 'ACCESS_REFUSED'],
    ['RequestThrottled', 'BLOCKED'],
    ['ThrottlingException', 'BLOCKED'],
    ['KmsThrottled', 'BLOCKED'],
    ['OverLimit', 'BLOCKED'],
    ['QueueNameExists', 'PRECONDITION_FAILED'],
    ['QueueDeletedRecently', 'RESOURCE_LOCKED'],
    ['BatchRequestTooLong', 'LIMIT_EXCEEDED'],
    ['InvalidMessageContents', 'INVALID_ARGUMENT'],
    ['InvalidParameterValue', 'INVALID_ARGUMENT'],
    ['MissingParameter', 'INVALID_ARGUMENT'],
    ['UnsupportedOperation', 'UNSUPPORTED'],
    ['ReceiptHandleIsInvalid', 'CHANNEL_ERROR'],
    ['KmsDisabled', 'CHANNEL_ERROR'],
    ['InternalFailure', 'TIMEOUT'],
    ['ServiceUnavailable', 'TIMEOUT'],
    ['AbortError', 'ABORTED'],
    ['SomethingNew', 'INTERNAL'],
  ])('%s is %s', (name, code) => {
    expect(classify(named(name))).toBe(code);
  });

  it('knows sockets, TLS and errors of this library', () => {
    expect(classify(named('Error', { code: 'ECONNREFUSED' }))).toBe('CONNECTION_FAILED');
    expect(classify(named('Error', { code: 'ECONNRESET' }))).toBe('CONNECTION_LOST');
    expect(classify(named('AggregateError', { errors: [{ code: 'ECONNREFUSED' }] }))).toBe('CONNECTION_FAILED');
    expect(classify(named('Error', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }))).toBe('CONNECTION_FAILED');
    expect(classify(new TimeoutError('late'))).toBe('TIMEOUT');
    expect(classify(Object.assign(named('TimeoutError'), { message: 'could not connect in time' }))).toBe(
      'CONNECTION_FAILED',
    );
    expect(classify(named('TimeoutError'))).toBe('CONNECTION_LOST');
    expect(classify(named('UnknownError', { $metadata: { httpStatusCode: 502 } }))).toBe('TIMEOUT');
    expect(classify(undefined)).toBe('INTERNAL');
  });
});

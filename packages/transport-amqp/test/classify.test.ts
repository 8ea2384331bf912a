import { ConnectionError } from '@kombu/core/spi';
import { classify } from '../src/classify.ts';

const reply = (code: number, text: string): Error =>
  Object.assign(new Error(`Channel closed by server: ${code} with message "${text}"`), { code });

const socket = (code: string): Error => Object.assign(new Error(code), { code });

describe('classify', () => {
  it.each<[string, Error]>([
    ['NOT_FOUND', reply(404, "NOT_FOUND - no queue 'q' in vhost '/'")],
    ['PRECONDITION_FAILED', reply(406, "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q'")],
    ['ACCESS_REFUSED', reply(403, "ACCESS_REFUSED - access to queue 'q' in vhost '/' refused for user 'u'")],
    ['RESOURCE_LOCKED', reply(405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q'")],
    ['UNROUTABLE', reply(312, 'NO_ROUTE')],
    ['UNSUPPORTED', reply(540, 'NOT_IMPLEMENTED - immediate=true')],
    ['CONNECTION_LOST', reply(320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'")],
    ['CONNECTION_LOST', reply(541, 'INTERNAL_ERROR')],
    ['CHANNEL_ERROR', reply(406, 'PRECONDITION_FAILED - unknown delivery tag 7')],
    ['LIMIT_EXCEEDED', reply(406, 'PRECONDITION_FAILED - message size 200 is larger than configured max size 100')],
    ['NOT_FOUND', reply(530, 'NOT_ALLOWED - vhost nope not found')],
    ['ACCESS_REFUSED', reply(530, "NOT_ALLOWED - access to vhost '/' refused for user 'u'")],
    [
      'LIMIT_EXCEEDED',
      reply(530, "NOT_ALLOWED - access to vhost '/' refused for user 'u': connection limit (1) is reached"),
    ],
  ])('reads the reply codes of AMQP: %s', (code, error) => {
    expect(classify(error)).toBe(code);
  });

  it('takes an ack that came too late for what it is: the channel is gone, and a new one helps', () => {
    const text =
      'PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms. This timeout value can be configured';
    expect(classify(reply(406, text))).toBe('CHANNEL_ERROR');
  });

  it.each<[string, string]>([
    [
      'ACCESS_REFUSED',
      'Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused"',
    ],
    ['UNSUPPORTED', 'SASL mechanism EXTERNAL is not provided by the server'],
    ['CONNECTION_FAILED', 'Socket closed abruptly during opening handshake'],
    ['CONNECTION_LOST', 'Heartbeat timeout'],
    ['CONNECTION_LOST', 'Unexpected close'],
    ['CONNECTION_LOST', 'The broker sent a frame without its end mark'],
    ['CONNECTION_LOST', 'Connection closed (by client)'],
    ['CHANNEL_ERROR', 'Channel closed'],
    ['LIMIT_EXCEEDED', 'No channels left to allocate'],
  ])('reads the texts of amqplib: %s for "%s"', (code, message) => {
    expect(classify(new Error(message))).toBe(code);
  });

  it.each<[string, string]>([
    ['CONNECTION_FAILED', 'ECONNREFUSED'],
    ['CONNECTION_FAILED', 'ENOTFOUND'],
    ['CONNECTION_LOST', 'ETIMEDOUT'],
    ['CONNECTION_FAILED', 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['CONNECTION_FAILED', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['CONNECTION_FAILED', 'ERR_SSL_WRONG_VERSION_NUMBER'],
    ['CONNECTION_LOST', 'ECONNRESET'],
    ['CONNECTION_LOST', 'EPIPE'],
    ['CONNECTION_LOST', 'ERR_STREAM_DESTROYED'],
    ['INTERNAL', 'ERR_SOMETHING_ELSE'],
  ])('reads the codes of sockets and TLS: %s for %s', (code, socketCode) => {
    expect(classify(socket(socketCode))).toBe(code);
  });

  it('keeps the code of our own errors and knows nothing of others', () => {
    expect(classify(new ConnectionError('x', { code: 'CLOSED' }))).toBe('CLOSED');
    for (const strange of [undefined, null, 'text', 42, {}, new Error('no idea'), { message: 7 }]) {
      expect(classify(strange)).toBe('INTERNAL');
    }
  });
});

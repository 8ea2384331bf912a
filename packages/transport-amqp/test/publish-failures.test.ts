import type { KombuError } from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';
import { classify } from '../src/classify.ts';
import type { Publish } from '../src/confirms.ts';
import { judge, lost } from '../src/publish-failures.ts';

function publishTo(exchange: string, parts: { size?: number; userId?: string } = {}): Publish {
  const { size = 1, userId } = parts;
  return {
    envelope: {
      body: Buffer.alloc(size),
      contentType: undefined,
      contentEncoding: undefined,
      headers: {},
      properties: userId === undefined ? {} : { userId },
    },
    route: { exchange, routingKey: 'k', mandatory: false, confirm: true },
    waiter: { published() {}, failed() {} },
    flushes: 0,
    isReturned: false,
  };
}

const refusal = (code: number, text: string): Error =>
  Object.assign(new Error(`Channel closed by server: ${code} with message "${text}"`), {
    code,
    classId: 60,
    methodId: 40,
  });

/** What becomes of each: the code of its error, or `again`. */
function verdictOf(error: Error, publishes: readonly Publish[]): string[] {
  const { failed, untouched } = judge(error, publishes);
  expect(failed.length + untouched.length).toBe(publishes.length);
  return publishes.map((publish) => {
    if (untouched.includes(publish)) return 'again';
    const failure = failed.find((one) => one.publish === publish);
    return classify(failure?.error);
  });
}

describe('a channel that the broker closed', () => {
  it('for a missing exchange fails what went there, may have taken what came before, and has ignored the rest', () => {
    const publishes = ['a', 'gone', 'a', 'b'].map((exchange) => publishTo(exchange));
    const error = refusal(404, "NOT_FOUND - no exchange 'gone' in vhost '/'");
    expect(verdictOf(error, publishes)).toEqual(['PUBLISH_UNCERTAIN', 'NOT_FOUND', 'again', 'again']);
  });

  it('for an exchange that may have gone a moment ago is sure of what came after the last message there', () => {
    const publishes = ['gone', 'a', 'gone', 'b'].map((exchange) => publishTo(exchange));
    const error = refusal(404, "NOT_FOUND - no exchange 'gone' in vhost '/'");
    expect(verdictOf(error, publishes)).toEqual(['PUBLISH_UNCERTAIN', 'PUBLISH_UNCERTAIN', 'NOT_FOUND', 'again']);
  });

  it('for an exchange where the user may not write', () => {
    const publishes = ['open', 'shut', 'open'].map((exchange) => publishTo(exchange));
    const error = refusal(403, "ACCESS_REFUSED - access to exchange 'shut' in vhost '/' refused for user 'u'");
    expect(verdictOf(error, publishes)).toEqual(['PUBLISH_UNCERTAIN', 'ACCESS_REFUSED', 'again']);
  });

  it('for a message that is too large', () => {
    const publishes = [10, 200, 20, 200].map((size) => publishTo('a', { size }));
    const error = refusal(406, 'PRECONDITION_FAILED - message size 200 is larger than configured max size 100');
    expect(verdictOf(error, publishes)).toEqual(['PUBLISH_UNCERTAIN', 'LIMIT_EXCEEDED', 'again', 'LIMIT_EXCEEDED']);
  });

  it('for a user who is somebody else', () => {
    const publishes = ['me', 'you', 'me'].map((userId) => publishTo('a', { userId }));
    const error = refusal(406, "PRECONDITION_FAILED - user_id property set to 'you' but authenticated user was 'me'");
    expect(verdictOf(error, publishes)).toEqual(['PUBLISH_UNCERTAIN', 'PRECONDITION_FAILED', 'again']);
  });

  it('for a reason that points to no message leaves all of them uncertain', () => {
    const publishes = ['a', 'b'].map((exchange) => publishTo(exchange));
    expect(verdictOf(refusal(406, 'PRECONDITION_FAILED - something new'), publishes)).toEqual([
      'PUBLISH_UNCERTAIN',
      'PUBLISH_UNCERTAIN',
    ]);
    const unknown = refusal(404, "NOT_FOUND - no exchange 'c' in vhost '/'");
    expect(verdictOf(unknown, publishes)).toEqual(['PUBLISH_UNCERTAIN', 'PUBLISH_UNCERTAIN']);
  });
});

describe('a link that breaks', () => {
  const reason = new Error('read ECONNRESET');

  it('leaves what was sent uncertain, and what was not sent certainly out', () => {
    expect((lost(reason, true) as KombuError).code).toBe('PUBLISH_UNCERTAIN');
    expect((lost(reason, false) as KombuError).code).toBe('CONNECTION_LOST');
    expect((lost(new ConnectionError('closed', { code: 'CLOSED' }), false) as KombuError).code).toBe('CLOSED');
  });
});

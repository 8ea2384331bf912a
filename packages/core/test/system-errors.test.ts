import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { classifySystemError } from '../src/system-errors.ts';

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('classifySystemError', () => {
  it('reads what Node throws', async () => {
    const refused = await failure(once(connect(1, '127.0.0.1'), 'connect'));
    expect(classifySystemError(refused)).toBe('CONNECTION_FAILED');
    expect(classifySystemError(await failure(readFile('/dev/null/x')))).toBe('CONNECTION_FAILED');
    expect(classifySystemError(await failure(readFile(`/${'x'.repeat(300)}`)))).toBe('INVALID_ARGUMENT');
  });

  it.each([
    ['EACCES', 'ACCESS_REFUSED'],
    ['ENOSPC', 'BLOCKED'],
    ['ENOTFOUND', 'CONNECTION_FAILED'],
    ['ECONNRESET', 'CONNECTION_LOST'],
    ['ETIMEDOUT', 'CONNECTION_LOST'],
  ])('reads %s as %s', (code, meaning) => {
    expect(classifySystemError({ code })).toBe(meaning);
  });

  it.each([undefined, null, 'ENOENT', 7, {}, new Error('x'), { code: 'constructor' }, { code: 404 }])(
    'knows nothing of %p',
    (error) => {
      expect(classifySystemError(error)).toBeUndefined();
    },
  );
});

import { InvalidArgumentError } from '@kombu/core/spi';
import { readOptions } from '../src/options.ts';

const read = (options: Record<string, unknown>, query: Record<string, string> = {}) => readOptions({ options, query });

describe('options', () => {
  it('have defaults', () => {
    expect(read({})).toEqual({
      loginMethod: 'PLAIN',
      connectionName: undefined,
      frameMax: 131_072,
      channelMax: 0,
      delayedQueueType: 'quorum',
      delayedPrefix: undefined,
    });
  });

  it('come from the URL, which wins, or from transportOptions', () => {
    expect(read({ frameMax: 8192, delayedQueueType: 'classic' }, { frameMax: '4096' })).toMatchObject({
      frameMax: 4096,
      delayedQueueType: 'classic',
    });
    expect(read({}, { login_method: 'external' }).loginMethod).toBe('EXTERNAL');
    expect(read({}, { loginMethod: 'amqplain' }).loginMethod).toBe('AMQPLAIN');
  });

  it.each([
    { loginMethod: 'GSSAPI' },
    { frameMax: 4095 },
    { channelMax: 65_536 },
    { delayedQueueType: 'stream' },
    { connectionName: '' },
    { delayedPrefix: 'x'.repeat(201) },
    { heartbeats: 1 },
  ])('refuse %p', (options) => {
    expect(() => read(options)).toThrow(InvalidArgumentError);
  });
});

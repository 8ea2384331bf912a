import type { OutgoingMessage } from '../../src/spi/queue-store.ts';
import { putEach } from '../../src/virtual/put-each.ts';

const message = (payload: string): OutgoingMessage => ({
  payload,
  priority: 0,
  delayMs: 0,
  expiresAt: undefined,
  properties: {},
});

describe('putEach', () => {
  it('writes one message after the other, and tells which ones failed and why', async () => {
    const log: string[] = [];
    const why = new Error('full');
    const failures = await putEach(['a', 'b', 'c'].map(message), async ({ payload }) => {
      log.push(`${payload} begins`);
      await Promise.resolve();
      log.push(`${payload} ends`);
      if (payload === 'b') throw why;
    });
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect(failures).toEqual([{ index: 1, error: why }]);
  });

  it('takes a write that throws at once for one that failed', async () => {
    const failures = await putEach([message('a')], () => {
      throw new TypeError('no');
    });
    expect(failures).toEqual([{ index: 0, error: new TypeError('no') }]);
  });
});

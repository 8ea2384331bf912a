import { ConnectionError } from '@kombu/core/spi';
import { ManualClock } from '@kombu/testing';
import { Requests } from '../src/requests.ts';

const hangs =
  (signals: AbortSignal[]) =>
  ({ abortSignal }: { readonly abortSignal: AbortSignal }): Promise<never> => {
    signals.push(abortSignal);
    return new Promise(() => undefined);
  };

describe('requests', () => {
  it('are given up, and aborted, when no answer comes in time (R5, R22)', async () => {
    const clock = new ManualClock();
    const requests = new Requests(clock, 1000);
    const signals: AbortSignal[] = [];
    const late = expect(requests.run(hangs(signals))).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringMatching(/did not answer within 1000 ms/) as string,
    });
    await clock.advance(999);
    expect(signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    await late;
    expect(signals[0]?.aborted).toBe(true);
    requests.close();
    expect(clock.pending).toBe(0);
  });

  it('do not outlive the link, nor come after it (R10)', async () => {
    const requests = new Requests(new ManualClock(), 1000);
    const signals: AbortSignal[] = [];
    const closed = expect(requests.run(hangs(signals))).rejects.toMatchObject({ code: 'CLOSED' });
    requests.close();
    await closed;
    expect(signals[0]?.aborted).toBe(true);
    let sent = 0;
    const send = (): Promise<void> => Promise.resolve(void sent++);
    await expect(requests.run(send)).rejects.toBeInstanceOf(ConnectionError);
    expect(sent).toBe(0);
  });
});

import { GiveUp, waitFor } from '../../src/parts/wait-for.ts';

const refuse = (): Promise<boolean> => Promise.reject(new Error('refused'));
const giveUp = (): Promise<boolean> => Promise.reject(new GiveUp('it ended'));

describe('waitFor', () => {
  it('returns the first answer that is one', async () => {
    let calls = 0;
    expect(await waitFor('it', () => ++calls === 3 && 'there')).toBe('there');
    expect(calls).toBe(3);
  });

  it('takes an error for not yet, and names the last one in the end', async () => {
    await expect(waitFor('the port', refuse, 20)).rejects.toThrow('Waited 20 ms for the port: refused');
  });

  it('ends at once when the check gives up', async () => {
    await expect(waitFor('it', giveUp)).rejects.toThrow('it ended');
  });
});

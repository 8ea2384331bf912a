import { Coalescer } from '../../src/virtual/coalescer.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const start = () => {
  const batches: number[][] = [];
  const answers: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
  const told: string[] = [];
  const coalescer = new Coalescer<number, string, string>({
    run: (items) => {
      batches.push([...items]);
      return new Promise((resolve, reject) => answers.push({ resolve, reject }));
    },
    done: (waiters, result, items) =>
      waiters.forEach((waiter, index) => told.push(`${waiter}${items[index]} ${result}`)),
    failed: (waiters, error) => waiters.forEach((waiter) => told.push(`${waiter} ${(error as Error).message}`)),
  });
  const add = (...items: number[]): void => items.forEach((item) => coalescer.add(item, `w`));
  return { coalescer, batches, answers, told, add };
};

describe('Coalescer', () => {
  it('makes one call of what came in one turn, in order', async () => {
    const { batches, add, answers, told } = start();
    add(1, 2);
    await Promise.resolve().then(() => add(3));
    await turn();
    expect(batches[0]!.slice(0, 2)).toEqual([1, 2]);
    answers[0]!.resolve('ok');
    await turn();
    expect(told.slice(0, 2)).toEqual(['w1 ok', 'w2 ok']);
  });

  it('gathers while a call is in flight, and starts the next when it ends, well or not', async () => {
    const { batches, add, answers, told } = start();
    add(1);
    await turn();
    add(2);
    await turn();
    add(3);
    await turn();
    expect(batches).toEqual([[1]]);
    answers[0]!.reject(new Error('broke'));
    await turn();
    expect(batches).toEqual([[1], [2, 3]]);
    answers[1]!.resolve('ok');
    await turn();
    expect(told).toEqual(['w broke', 'w2 ok', 'w3 ok']);
  });

  it('never puts more than 1000 into one call', async () => {
    const { batches, add, answers } = start();
    add(...Array.from({ length: 2500 }, (_, index) => index));
    for (let call = 0; call < 3; call++) {
      await turn();
      answers[call]!.resolve('ok');
    }
    await turn();
    expect(batches.map(({ length }) => length)).toEqual([1000, 1000, 500]);
    expect(batches.flat()).toEqual(Array.from({ length: 2500 }, (_, index) => index));
  });

  it('abandons: tells sent from unsent, ignores the late answer, and can be used again', async () => {
    const { coalescer, batches, add, answers, told } = start();
    add(1);
    await turn();
    add(2, 3);
    expect(coalescer.abandon()).toEqual({ sent: ['w'], unsent: ['w', 'w'] });
    answers[0]!.resolve('late');
    await turn();
    expect([told, batches, coalescer.idle]).toEqual([[], [[1]], true]);
    add(4);
    await turn();
    answers[1]!.resolve('ok');
    await turn();
    expect(told).toEqual(['w4 ok']);
  });

  it('tells when everything is done', async () => {
    const { coalescer, add, answers } = start();
    await coalescer.whenIdle();
    add(1);
    let idle = false;
    void coalescer.whenIdle().then(() => (idle = true));
    await turn();
    add(2);
    answers[0]!.resolve('ok');
    await turn();
    expect(idle).toBe(false);
    answers[1]!.resolve('ok');
    await turn();
    expect(idle).toBe(true);
  });
});

import { onBench } from './support/bench.ts';
import { Queue } from '@kombu/core';
it('stray', onBench(async (b) => {
  void Promise.reject(new Error('x'));
  await b.settle();
}));
it('works', onBench(async (b) => {
  const c = b.connection();
  const q = new Queue('tasks');
  const got: unknown[] = [];
  await c.consume(q, async (body, m) => { got.push(body); await m.ack(); });
  await c.producer().publish({ a: 1 }, { routingKey: 'tasks' });
  await b.settle();
  expect(got).toEqual([{ a: 1 }]);
  expect(b.broker.log).toEqual([]);
}));

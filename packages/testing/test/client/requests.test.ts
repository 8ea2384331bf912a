import { ConnectionError, Exchange, Queue, TimeoutError, UnroutableError, type Connection } from '@kombu/core';
import { onMemory } from './support/memory-bench.ts';

/** Answers sums, on a connection of its own. */
const serve = async (connection: Connection, queue: Queue<number[]> | string = 'sums'): Promise<void> => {
  await connection.consume<number[]>(queue, async (numbers, message) => {
    await message.reply(numbers.reduce((sum, each) => sum + each, 0));
    await message.ack();
  });
};

describe('request and reply', () => {
  it(
    'a request to a queue resolves to what the other side replies',
    onMemory(async (bench) => {
      await serve(bench.connection());
      const connection = bench.connection();
      expect(await connection.request('sums', [1, 2, 3])).toBe(6);
      expect(await connection.request(new Queue('sums'), [4, 5])).toBe(9);
    }),
  );

  it(
    'goes through an exchange, too',
    onMemory(async (bench) => {
      const exchange = new Exchange('math', { type: 'topic' });
      await serve(bench.connection(), new Queue<number[]>('adder', { exchange, routingKey: 'sum.*' }));
      expect(await bench.connection().request(exchange, [1, 1], { routingKey: 'sum.small' })).toBe(2);
      expect(await bench.connection().request(new Queue('adder', { exchange, routingKey: 'sum.x' }), [2, 2])).toBe(4);
    }),
  );

  it(
    'many at a time share one queue, and each gets its own reply',
    onMemory(async (bench) => {
      await serve(bench.connection());
      const connection = bench.connection();
      const numbers = Array.from({ length: 200 }, (_, index) => index);
      expect(await Promise.all(numbers.map((n) => connection.request<number>('sums', [n, 1])))).toEqual(
        numbers.map((n) => n + 1),
      );
    }),
  );

  it(
    'one that nobody answers ends with its time, expires in its queue, and leaves nothing behind',
    onMemory(async (bench) => {
      const queue = new Queue('slow');
      const connection = bench.connection();
      await queue.declare(connection);
      await expect(bench.within(600, connection.request(queue, 'x', { timeout: 500 }))).rejects.toBeInstanceOf(
        TimeoutError,
      );
      expect(await queue.get(connection)).toBeUndefined();
    }),
  );

  it(
    'one that no queue takes is an error at once',
    onMemory(async (bench) => {
      await expect(bench.connection().request('nobody', 'x')).rejects.toBeInstanceOf(UnroutableError);
    }),
  );

  it(
    'can be aborted, and ends when the connection closes',
    onMemory(async (bench) => {
      const queue = new Queue('slow');
      const connection = bench.connection();
      const abort = new AbortController();
      const aborted = connection.request(queue, 'x', { signal: abort.signal });
      const waiting = connection.request(queue, 'y');
      const outcomes = Promise.allSettled([aborted, waiting]);
      await bench.settle();
      abort.abort();
      await bench.settle();
      await bench.within(1000, connection.close({ timeout: 0 }));
      const [one, other] = await outcomes;
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'ABORTED' } });
      expect(other).toMatchObject({ status: 'rejected', reason: expect.any(ConnectionError) });
    }),
  );

  it(
    'works again on a new link, with the same queue for replies',
    onMemory(async (bench) => {
      await serve(bench.connection());
      const connection = bench.connection();
      expect(await connection.request('sums', [1])).toBe(1);
      await bench.network.drop();
      expect(await bench.within(60_000, connection.request('sums', [1, 2]))).toBe(3);
    }),
  );

  it(
    'a message that wants no reply gets none',
    onMemory(async (bench) => {
      const connection = bench.connection();
      await connection.producer().publish('x', { routingKey: 'q', declare: [new Queue('q')] });
      const message = await new Queue('q').get(connection);
      await expect(message?.reply('y')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }),
  );

  it(
    'a reply travels in the serialization of its request, unless told otherwise',
    onMemory(async (bench) => {
      const connection = bench.connection();
      const types: unknown[] = [];
      await connection.consume('echo', async (body, message) => {
        types.push(message.contentType);
        await message.reply(body);
        await message.ack();
      });
      expect(await connection.request('echo', 'plain text')).toBe('plain text');
      expect(await connection.request('echo', { a: 1 })).toEqual({ a: 1 });
      expect(types).toEqual(['text/plain', 'application/json']);
    }),
  );
});

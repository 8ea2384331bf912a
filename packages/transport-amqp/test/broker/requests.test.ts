import { TcpProxy } from '@kombu/testing';
import { eventually } from '../support/eventually.ts';
import { TestBroker } from '../support/broker.ts';

describe('requests', () => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await TestBroker.open();
  });
  afterEach(() => broker.closeConnections());
  afterAll(() => broker.close());

  const serve = async (queue: string): Promise<void> => {
    await broker.connection().consume<number>(queue, async (n, message) => {
      await message.reply(n * 2);
      await message.ack();
    });
  };

  it('are answered through the pseudo queue of RabbitMQ, many at a time, without a queue for replies', async () => {
    await serve('doubles');
    const connection = broker.connection();
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    expect(await Promise.all(numbers.map((n) => connection.request<number>('doubles', n)))).toEqual(
      numbers.map((n) => n * 2),
    );
    const queues = await broker.server.queues(broker.virtualHost);
    expect(queues.map(({ name }) => name)).toEqual(['doubles']);
  });

  it('work again on a new link', async () => {
    await serve('again');
    await using proxy = await TcpProxy.listen({ target: broker.address });
    const connection = broker.connection({ port: proxy.port });
    expect(await connection.request('again', 1)).toBe(2);
    const { generation } = connection;
    proxy.reset();
    await eventually('a new link', () => connection.connected && connection.generation > generation);
    expect(await connection.request('again', 2)).toBe(4);
  });

  it('to nobody are errors', async () => {
    await expect(broker.connection().request('nobody', 1)).rejects.toMatchObject({ code: 'UNROUTABLE' });
  });
});

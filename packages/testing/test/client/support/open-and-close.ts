import { Connection, Queue } from '@kombu/core';
import type { Transport } from '@kombu/core/spi';

/** Opens a connection, uses what it offers, and closes it; so many times, one after the other. */
export async function openAndClose(transport: Transport, times: number): Promise<void> {
  const queue = new Queue('cycle', { autoDelete: true });
  for (let n = 0; n < times; n++) {
    const connection = new Connection('memory://', { transport });
    let done!: () => void;
    const handled = new Promise<void>((resolve) => (done = resolve));
    await connection.consume(queue, async (_, message) => {
      await message.ack();
      done();
    });
    await connection.producer().publish({ n }, { routingKey: 'cycle' });
    await handled;
    const report = await connection.close();
    expect(report).toMatchObject({ released: 0, abandoned: 0 });
  }
}

import { Connection, Exchange, Queue } from '@kombu/core';
import { deleteAfterwards } from './delete-afterwards.ts';
import type { Output } from './output.ts';

interface Video {
  readonly name: string;
  readonly size: number;
}

/** The whole of messaging in one function: an exchange, a queue, one message sent and received. */
export async function quickOverview(url: string, run: string, output: Output): Promise<void> {
  const media = new Exchange(`media-${run}`, { type: 'direct', durable: true });
  const video = new Queue<Video>(`video-${run}`, { exchange: media, routingKey: 'video' });

  await using connection = new Connection(url);
  await connection.connect();
  await using _ = deleteAfterwards(connection, [media, video], output);

  const producer = connection.producer({ serializer: 'json' });
  await producer.publish(
    { name: '/tmp/lolcat1.avi', size: 1301013 },
    { exchange: media, routingKey: 'video', declare: [video] },
  );

  await using _consumer = await connection.consume(video, async (body, message) => {
    output.line(`  received from ${video.name}: ${JSON.stringify(body)}`);
    await message.ack();
  });
  await connection.drainEvents({ timeout: 10_000 });
}

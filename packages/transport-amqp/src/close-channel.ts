import type { Clock } from '@kombu/core/spi';
import type { Channel } from 'amqplib';
import { settledWithin } from './settled-within.ts';
import { politeMs } from './socket.ts';

/** Closes a channel of amqplib, whose own promise stays pending when the socket breaks meanwhile. Never rejects. */
export async function closeChannel(channel: Channel, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    channel.on('close', () => resolve());
    // It rejects for a channel that is closed already.
    channel.close().then(resolve, () => resolve());
  });
  await settledWithin(closed, politeMs, clock);
}

import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { numbered, textOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** First in, first out, where the transport says so; everywhere, each message once. */
export const order: readonly TransportCase[] = group('order', {
  thousand: {
    title: 'a thousand messages come out in the order in which they went in',
    why: 'batches and prefetch buffers are where the order gets lost',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const bodies = numbered('m', 1000);
      await channel.sendAtOnce(queue, bodies);
      await channel.consume(queue, { prefetch: 100, noAck: true });
      t.same((await channel.receive(1000)).map(textOf), bodies, 'a thousand messages');
      await channel.quiet('each came once');
    },
  },
  acked: {
    title: 'the order holds while a consumer with a small prefetch acks as it goes',
    why: 'refilling the prefetch must not overtake',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const bodies = numbered('m', 100);
      await channel.sendAtOnce(queue, bodies);
      const { events } = channel;
      const acks: Promise<unknown>[] = [];
      events.onDelivery = ({ deliveryTag }) => void acks.push(t.later(channel.raw.ack(deliveryTag)));
      await channel.consume(queue, { prefetch: 7 });
      t.same((await channel.receive(100)).map(textOf), bodies, 'a hundred messages');
      const outcomes = await t.wait(Promise.all(acks), 'the acks');
      assert.deepEqual(new Set(outcomes), new Set(['ok']));
      await channel.quiet('each came once');
    },
  },
  concurrent: {
    title: 'five hundred publishes at once keep the order of each publisher, and lose none',
    why: 'concurrent use of a connection corrupts frames (R45); coalesced publishes must not be shuffled',
    async run(t) {
      const [one, two, reader] = [await t.channel(), await t.channel(), await t.channel()];
      const queue = await t.queue(reader);
      const [ones, twos] = [numbered('one ', 250), numbered('two ', 250)];
      await Promise.all([one.sendAtOnce(queue, ones), two.sendAtOnce(queue, twos)]);
      await reader.consume(queue, { noAck: true });
      const got = (await reader.receive(500)).map(textOf);
      t.same(
        got.filter((body) => body.startsWith('one ')),
        ones,
        'the first publisher',
      );
      t.same(
        got.filter((body) => body.startsWith('two ')),
        twos,
        'the second publisher',
      );
    },
  },
  mixed: {
    title: 'small and large bodies published at once arrive whole and in order',
    why: 'frames of several messages on one channel must not interleave (R45)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const limit = Math.min(t.capabilities.maxPayloadBytes ?? Number.POSITIVE_INFINITY, 400_000) / 2;
      const bodies = Array.from({ length: 20 }, (_, index) => `${index}:`.padEnd(index % 2 ? 10 : limit, 'x'));
      await channel.sendAtOnce(queue, bodies);
      t.same(await channel.drain(queue, 20), bodies, 'twenty messages');
    },
  },
});

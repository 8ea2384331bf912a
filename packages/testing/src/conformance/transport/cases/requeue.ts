import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { envelopeOf, textOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** Reject puts a message back where it was, or takes it away. */
export const requeue: readonly TransportCase[] = group('requeue', {
  'same-queue': {
    title: 'a requeued message goes back to its own queue only',
    why: 'Kombu routes it through the exchange again, so every sibling gets another copy',
    requires: ['exchange:fanout'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'fanout');
      const [queue, sibling] = [await t.queue(channel), await t.queue(channel)];
      for (const each of [queue, sibling]) await channel.bind(each, exchange);
      await channel.publish(exchange, 'key', 'x');
      await channel.requeue(await channel.take(queue));
      assert.deepEqual(await channel.drain(queue, 1), ['x']);
      assert.deepEqual(await channel.drain(sibling, 1), ['x'], 'the sibling queue holds one copy');
    },
  },
  flagged: {
    title: 'a requeued message comes back flagged as redelivered, to get and to a consumer',
    why: 'handlers tell retries from first attempts by it',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'x');
      await channel.requeue(await channel.take(queue));
      const again = await channel.take(queue);
      assert.equal(again.redelivered, true, 'by get');
      await channel.requeue(again);
      await channel.consume(queue);
      assert.equal((await channel.next()).redelivered, true, 'by push');
    },
  },
  unchanged: {
    title: 'a requeued message keeps its body, headers, properties and origin',
    why: 'Kombu drops the compression header of requeued messages',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const queue = await t.queue(channel);
      await channel.bind(queue, exchange, 'key');
      const headers = { compression: 'application/x-gzip', attempt: 1 };
      const properties = { deliveryMode: 2, correlationId: 'c', messageId: 'm' } as const;
      await channel.publish(exchange, 'key', envelopeOf(Buffer.from([0, 255, 1]), { headers, properties }));
      await channel.requeue(await channel.take(queue));
      const { envelope, exchange: origin, routingKey } = await channel.take(queue);
      assert.deepEqual([...envelope.body], [0, 255, 1]);
      for (const [name, value] of Object.entries(headers)) assert.equal(envelope.headers[name], value, name);
      for (const [name, value] of Object.entries(properties)) assert.equal(envelope.properties[name], value, name);
      assert.deepEqual([origin, routingKey], [exchange, 'key']);
    },
  },
  'delivery-count': {
    title: 'deliveryCount, where somebody counts, grows with each delivery',
    why: 'retry limits need it (R25)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'x');
      const counts: (number | undefined)[] = [];
      for (let attempt = 0; attempt < 4; attempt++) {
        const delivery = await channel.take(queue);
        counts.push(delivery.deliveryCount);
        await channel.requeue(delivery);
      }
      const counted = counts.some((each) => each !== undefined && each > 0);
      // Before the first requeue nobody may have counted yet.
      if (counted) assert.deepEqual([counts[0] ?? 0, ...counts.slice(1)], [0, 1, 2, 3]);
      else
        assert.ok(
          counts.every((each) => each === undefined),
          `counts that stay at ${counts.join()}`,
        );
    },
  },
  place: {
    title: 'a requeued message comes back at its old place, before the later ones',
    why: 'restored messages went to the wrong end (R32)',
    requires: ['fifo'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b', 'c');
      await channel.requeue(await channel.take(queue));
      assert.deepEqual(await channel.drain(queue, 3), ['a', 'b', 'c']);
    },
  },
  order: {
    title: 'several messages requeued newest first keep their order',
    why: 'Kombu restores newest first, so that the order is kept',
    requires: ['fifo'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b', 'c', 'd');
      const held = [await channel.take(queue), await channel.take(queue), await channel.take(queue)];
      for (const delivery of held.toReversed()) await channel.requeue(delivery);
      assert.deepEqual(await channel.drain(queue, 4), ['a', 'b', 'c', 'd']);
    },
  },
  'other-consumer': {
    title: 'another consumer can get what one gives back',
    why: 'that is how a worker hands over work it cannot do',
    async run(t) {
      const [one, two] = [await t.channel(), await t.channel()];
      const queue = await t.queue(one);
      await one.send(queue, 'x');
      const held = await one.take(queue);
      await two.consume(queue);
      await two.quiet('the message is held');
      await one.requeue(held);
      assert.equal(textOf(await two.next()), 'x');
    },
  },
  delay: {
    title: 'a requeue with a delay hides the message for so long',
    why: 'a bare requeue is a hot loop of thousands of redeliveries a second (R25)',
    requires: ['delay'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'x');
      const held = await channel.take(queue);
      const delay = t.span(1000);
      const before = t.now;
      await channel.requeue(held, delay);
      await t.advance(delay / 2);
      await channel.nothing(queue, 'half the delay later');
      const again = await channel.take(queue);
      assert.ok(
        t.now - before >= delay - 1,
        `came back ${t.now - before} ms after a requeue with a delay of ${delay} ms`,
      );
      assert.equal(again.redelivered, true);
    },
  },
  reject: {
    title: 'a message rejected without requeue is gone when its queue has no dead-letter exchange',
    why: 'AMQP 0-9-1: discarded',
    async run(t) {
      const connection = await t.connect();
      const channel = await connection.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b');
      const held = await channel.take(queue);
      await channel.reject(held);
      const rest = ['a', 'b'].filter((each) => each !== textOf(held));
      await connection.close();
      assert.deepEqual(await (await t.reader(queue)).drain(queue, 1), rest);
    },
  },
  concurrent: {
    title: 'acks and requeues in one go each hit their own message',
    why: 'a requeue that races with an ack deleted the message (R32)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const bodies = Array.from({ length: 40 }, (_, index) => `m${index}`);
      await channel.send(queue, ...bodies);
      const held = [];
      for (const _ of bodies) held.push(await channel.take(queue));
      const settled = held.map(({ deliveryTag }, index) =>
        index % 2 === 0 ? channel.raw.ack(deliveryTag) : channel.raw.reject(deliveryTag, { requeue: true }),
      );
      assert.deepEqual(new Set(await t.wait(Promise.all(settled), 'acks and requeues')), new Set(['ok']));
      const back = await channel.drain(queue, 20);
      const expected = held.filter((_, index) => index % 2 === 1).map(textOf);
      assert.deepEqual(back.toSorted(), expected.toSorted(), 'exactly what was requeued');
    },
  },
});

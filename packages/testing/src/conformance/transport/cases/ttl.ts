import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { textOf, withProperties } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

/** Messages end when their time is over, and not before. */
export const ttl: readonly TransportCase[] = group('ttl', {
  message: {
    title: 'a message with an expiration is gone afterwards',
    why: 'a TTL was accepted and ignored (R42)',
    requires: ['ttl'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, withProperties('short', { expiration: t.span(200) }), 'lasting');
      await t.advance(t.span(500));
      assert.deepEqual(await channel.drain(queue, 1), ['lasting']);
    },
    async otherwise(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const asked = channel.publish('', queue, withProperties('x', { expiration: 1000 }));
      await t.rejects(asked, 'UNSUPPORTED', 'a publish with an expiration');
    },
  },
  'not-early': {
    title: 'before its expiration a message is delivered, and says it',
    why: 'seconds taken for milliseconds lose everything',
    requires: ['ttl'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, withProperties('x', { expiration: t.span(60_000) }));
      await t.advance(t.span(200));
      const delivery = await channel.take(queue);
      assert.equal(textOf(delivery), 'x');
      assert.equal(Number(delivery.envelope.properties.expiration), t.span(60_000));
    },
  },
  zero: {
    title: 'an expiration of 0 means at once, not never',
    why: 'AMQP 0-9-1; 0 is easily taken for absent',
    requires: ['ttl'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, withProperties('x', { expiration: 0 }));
      await t.advance(t.span(50));
      await channel.empty(queue);
    },
  },
  'never-delivered': {
    title: 'an expired message is not delivered to a consumer that comes later, live ones are',
    why: 'work that nobody wants any more must not run',
    requires: ['ttl'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const short = { expiration: t.span(200) };
      await channel.send(queue, withProperties('a', short), 'b', withProperties('c', short), 'd');
      await t.advance(t.span(500));
      await channel.consume(queue);
      t.same((await channel.receive(2)).map(textOf), ['b', 'd'], 'the live messages');
      await channel.quiet('the others are expired');
    },
  },
  'after-requeue': {
    title: 'a requeue gives a message no second life',
    why: 'the time to live counts from the publish',
    requires: ['ttl'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, withProperties('x', { expiration: t.span(400) }));
      const held = await channel.take(queue);
      await t.advance(t.span(200));
      await channel.requeue(held);
      await t.advance(t.span(250));
      await channel.nothing(queue, 'its time was over');
    },
  },
  queue: {
    title: 'x-message-ttl ends the messages of its queue, and the shorter of both times counts',
    why: 'AMQP 0-9-1 of RabbitMQ, Kombu on MongoDB',
    requires: ['ttl'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel, { arguments: { 'x-message-ttl': t.span(600) } });
      const other = await t.queue(channel);
      const [shorter, longer] = [{ expiration: t.span(100) }, { expiration: t.span(60_000) }];
      await channel.send(queue, withProperties('a', shorter), 'b', withProperties('c', longer));
      await channel.send(other, 'd');
      await t.advance(t.span(300));
      await channel.requeue(await channel.take(queue));
      await t.advance(t.span(600));
      await channel.empty(queue);
      assert.deepEqual(await channel.drain(other, 1), ['d'], 'another queue');
    },
    async otherwise(t) {
      const channel = await t.channel();
      const name = t.willDeclare('queue', t.name('queue'));
      const asked = channel.declareQueue(name, { arguments: { 'x-message-ttl': 1000 } });
      await t.rejects(asked, 'UNSUPPORTED', 'declareQueue with x-message-ttl');
    },
  },
});

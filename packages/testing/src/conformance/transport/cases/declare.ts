import assert from 'node:assert/strict';
import { NotOffered, group } from '../../case.ts';
import { textOf } from '../messages.ts';
import type { TestChannel } from '../test-channel.ts';
import type { TransportCase } from '../transport-test.ts';

/** Exchanges and queues come to be, are compared and are inspected. */
export const declare: readonly TransportCase[] = group('declare', {
  'queue-twice': {
    title: 'declaring a queue again with the same properties is fine and keeps its messages',
    why: 'every process of a fleet declares the same topology, and again after a reconnect (R1)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'kept');
      const info = await channel.declareQueue(queue);
      assert.equal(info.queue, queue);
      assert.deepEqual(await channel.drain(queue, 1), ['kept']);
    },
  },
  'queue-mismatch': {
    title: 'declaring it with other properties rejects with PRECONDITION_FAILED, for this queue alone',
    why: 'a mismatch was swallowed or retried for ever, or took the connection with it (R33)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.consume(queue);
      const other = (await t.channel()).declareQueue(queue, { autoDelete: true });
      await t.rejects(other, 'PRECONDITION_FAILED', 'declareQueue with another autoDelete');
      await channel.send(queue, 'alive');
      assert.equal(textOf(await channel.next()), 'alive', 'the queue and its consumer go on');
    },
  },
  'argument-mismatch': {
    title: 'declaring it with other arguments rejects with PRECONDITION_FAILED',
    why: 'two deployments with different TTLs must not believe that both are in force (R33)',
    requires: ['ttl'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel, { arguments: { 'x-message-ttl': 60_000 } });
      await channel.declareQueue(queue, { arguments: { 'x-message-ttl': 60_000 } });
      const other = (await t.channel()).declareQueue(queue, { arguments: { 'x-message-ttl': 61_000 } });
      await t.rejects(other, 'PRECONDITION_FAILED', 'declareQueue with another TTL');
    },
  },
  'exchange-twice': {
    title: 'declaring an exchange again with the same properties is fine and keeps its bindings',
    why: 'every process of a fleet declares the same topology',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const queue = await t.queue(channel);
      await channel.bind(queue, exchange, 'key');
      await channel.declareExchange(exchange, 'direct');
      await channel.publish(exchange, 'key', 'x');
      assert.deepEqual(await channel.drain(queue, 1), ['x']);
    },
  },
  'exchange-mismatch': {
    title: 'declaring it as another type rejects with PRECONDITION_FAILED, for this exchange alone',
    why: 'two deployments must not both believe that their declaration is in force (R33)',
    requires: ['exchange:direct', 'exchange:topic'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const other = (await t.channel()).declareExchange(exchange, 'topic');
      await t.rejects(other, 'PRECONDITION_FAILED', 'declareExchange with another type');
      const queue = await t.queue(channel);
      await channel.bind(queue, exchange, 'key');
      await channel.publish(exchange, 'key', 'x');
      assert.deepEqual(await channel.drain(queue, 1), ['x'], 'the exchange is what it was');
    },
  },
  passive: {
    title: 'a passive declaration finds what exists, whatever else it says, and makes nothing',
    why: 'applications without the right to declare check this way (R34)',
    requires: ['exchange:direct'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const exchange = await t.exchange(channel, 'direct');
      await channel.declareQueue(queue, { passive: true, autoDelete: true });
      await channel.declareExchange(exchange, 'direct', { passive: true });
      for (const attempt of [1, 2]) {
        const missing = t.name('missing');
        const noQueue = (await t.channel()).declareQueue(missing, { passive: true });
        await t.rejects(noQueue, 'NOT_FOUND', `passive declareQueue, attempt ${attempt}`);
        const noExchange = (await t.channel()).declareExchange(missing, 'direct', { passive: true });
        await t.rejects(noExchange, 'NOT_FOUND', `passive declareExchange, attempt ${attempt}`);
      }
    },
  },
  'empty-queue-exists': {
    title: 'a queue that was emptied still exists',
    why: 'an empty Redis queue was reported as not existing after it was declared',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      assert.equal(await channel.count(queue), 0, 'freshly declared');
      await channel.send(queue, 'x');
      assert.deepEqual(await channel.drain(queue, 1), ['x']);
      assert.equal(await channel.count(queue), 0, 'emptied');
    },
  },
  counts: {
    title: 'queue info counts the ready messages and the consumers',
    why: 'monitoring and autoscaling read them; Kombu always answers 0 consumers',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.send(queue, 'a', 'b', 'c');
      const held = await channel.take(queue);
      const expect = async (messageCount: number, consumerCount: number, when: string): Promise<void> => {
        const matches = async (): Promise<true | undefined> => {
          const info = await channel.declareQueue(queue, { passive: true });
          return info.messageCount === messageCount && info.consumerCount === consumerCount ? true : undefined;
        };
        await t.poll(matches, `${messageCount} ready messages and ${consumerCount} consumers ${when}`);
      };
      await expect(2, 0, 'with one of three messages held');
      const tag = await channel.consume(queue, { prefetch: 1 });
      await channel.receive(1);
      await expect(1, 1, 'with a consumer that holds one');
      await channel.cancel(tag);
      await expect(1, 0, 'after cancel');
      await channel.ack(held);
      await expect(1, 0, 'after an ack of what was not ready');
    },
  },
  'auto-delete': {
    title: 'an auto-delete queue goes when its last consumer does, not before it had one',
    why: 'reply queues that stay fill the broker (R29)',
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel, { autoDelete: true });
      await channel.send(queue, 'x');
      const [first, second] = [await channel.consume(queue), await channel.consume(queue)];
      await channel.cancel(first);
      await channel.declareQueue(queue, { passive: true });
      await channel.cancel(second);
      await t.settle();
      await t.rejects((await t.channel()).count(queue), 'NOT_FOUND', 'the queue after its last consumer');
    },
  },
  'auto-delete-exchange': {
    title: 'an auto-delete exchange goes with its last binding, not before it had one',
    why: 'exchanges of dead reply topologies must not stay (R29)',
    requires: ['exchange:fanout'],
    async run(t) {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'fanout', { autoDelete: true });
      const [one, two] = [await t.queue(channel), await t.queue(channel)];
      const exists = (): Promise<void> => channel.declareExchange(exchange, 'fanout', { passive: true });
      await exists();
      for (const queue of [one, two]) await channel.bind(queue, exchange);
      await channel.unbind(one, exchange);
      await channel.publish(exchange, '', 'x');
      assert.deepEqual(await channel.drain(two, 1), ['x'], 'one binding is left');
      await channel.deleteQueue(two);
      const gone = (await t.channel()).declareExchange(exchange, 'fanout', { passive: true });
      await t.rejects(gone, 'NOT_FOUND', 'the exchange after its last binding');
    },
  },
  'exclusive-locked': {
    title: 'an exclusive queue is locked for all other connections, where they know of each other',
    why: 'AMQP 0-9-1: RESOURCE_LOCKED; a stranger must not read or delete the replies of others',
    async run(t) {
      const owner = await (await t.connect()).channel();
      const queue = await t.queue(owner, { exclusive: true, durable: false });
      await owner.send(queue, 'mine');
      const stranger = await t.connect();
      const attempt = async (what: string, use: (channel: TestChannel) => Promise<unknown>): Promise<void> =>
        t.rejects(use(await stranger.channel()), 'RESOURCE_LOCKED', `${what} by another connection`);
      const declared = (await stranger.channel()).declareQueue(queue, { exclusive: true, durable: false });
      const isShared = await declared.then(
        () => false,
        () => true,
      );
      if (!isShared) throw new NotOffered('connections do not know of the exclusive queues of others');
      await t.rejects(declared, 'RESOURCE_LOCKED', 'declareQueue by another connection');
      await attempt('a passive declareQueue', (channel) => channel.count(queue));
      await attempt('consume', (channel) => channel.consume(queue));
      await attempt('get', (channel) => channel.get(queue));
      await attempt('purgeQueue', (channel) => channel.purgeQueue(queue));
      await attempt('deleteQueue', (channel) => channel.deleteQueue(queue));
      assert.deepEqual(await owner.drain(queue, 1), ['mine'], 'its owner has it');
    },
  },
  exclusive: {
    title: 'an exclusive queue works for its connection and goes with it',
    why: 'reply queues of dead clients must not stay (R29)',
    async run(t) {
      const owner = await t.connect();
      const channel = await owner.channel();
      const queue = await t.queue(channel, { exclusive: true, durable: false });
      await channel.send(queue, 'mine');
      assert.equal(textOf(await channel.take(queue, { noAck: true })), 'mine');
      await owner.close();
      await t.settle();
      await t.rejects((await t.channel()).count(queue), 'NOT_FOUND', 'the queue after its connection');
    },
  },
});

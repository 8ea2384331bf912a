import assert from 'node:assert/strict';
import { group } from '../../case.ts';
import { numbered, textOf } from '../messages.ts';
import type { TransportCase } from '../transport-test.ts';

// Later than this a delayed message is late, in milliseconds before scaling.
const SLACK_MS = 3000;

/** Delay is a matter of the broker: a delayed message waits there, and nobody holds it. */
export const delay: readonly TransportCase[] = group('delay', {
  'on-time': {
    title: 'a delayed message comes neither early nor late',
    why: 'delayed messages were held in worker memory (R20), and some came at once',
    requires: ['delay'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.consume(queue);
      const delayMs = t.span(1000);
      const before = t.now;
      await channel.publish('', queue, 'x', { delay: delayMs });
      assert.equal(textOf(await channel.next()), 'x');
      const took = t.now - before;
      assert.ok(took >= delayMs - 1, `came after ${took} ms with a delay of ${delayMs} ms`);
      assert.ok(took <= delayMs + t.span(SLACK_MS), `came only after ${took} ms with a delay of ${delayMs} ms`);
    },
    async otherwise(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await t.rejects(channel.publish('', queue, 'x', { delay: 1000 }), 'UNSUPPORTED', 'a publish with a delay');
    },
  },
  hidden: {
    title: 'a delayed message is not there for get until its time has come',
    why: 'it is not ready',
    requires: ['delay'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.publish('', queue, 'x', { delay: t.span(1000) });
      await t.advance(t.span(300));
      await channel.nothing(queue, 'its time has not come');
      assert.equal(textOf(await channel.take(queue)), 'x');
    },
  },
  'no-credit': {
    title: 'delayed messages use no prefetch: what is due now overtakes them',
    why: 'ETA messages filled the prefetch of every worker (R20)',
    requires: ['delay'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.consume(queue, { prefetch: 1 });
      for (const body of numbered('later', 20)) await channel.publish('', queue, body, { delay: t.span(2000) });
      await channel.publish('', queue, 'now');
      const first = await channel.next(t.span(1000));
      assert.equal(textOf(first), 'now');
      await channel.ack(first);
      for (let rest = 20; rest > 0; rest--) await channel.ack(await channel.next());
      await channel.quiet('each came once');
    },
  },
  order: {
    title: 'messages come in the order of their due times',
    why: 'the shortest delay must not wait behind the longest',
    requires: ['delay'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const delays = { last: t.span(3000), first: t.span(1000), middle: t.span(2000) };
      for (const [body, delayMs] of Object.entries(delays)) await channel.publish('', queue, body, { delay: delayMs });
      const got = [await channel.take(queue), await channel.take(queue), await channel.take(queue)];
      assert.deepEqual(got.map(textOf), ['first', 'middle', 'last']);
    },
  },
  zero: {
    title: 'a delay of 0 is no delay',
    why: '0 is a number like any other',
    requires: ['delay'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.publish('', queue, 'x', { delay: 0 });
      assert.equal(textOf(await channel.take(queue, { maxMs: t.span(500) })), 'x');
    },
  },
  'survives-publisher': {
    title: 'a delayed message does not need its publisher any more',
    why: 'delay in the memory of the publisher loses everything at its end (R20)',
    requires: ['delay'],
    async run(t) {
      const publisher = await t.connect();
      const channel = await publisher.channel();
      const queue = await t.queue(channel);
      await channel.publish('', queue, 'x', { delay: t.span(1000) });
      await publisher.close();
      assert.equal(textOf(await (await t.reader(queue)).take(queue)), 'x');
    },
  },
  'too-long': {
    title: 'a delay beyond the limit of the broker is refused, not cut',
    why: 'SQS knows 15 minutes: a silent cut delivers early (R20)',
    requires: ['delay', 'maxDelay'],
    async run(t) {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      const asked = channel.publish('', queue, 'x', { delay: (t.capabilities.maxDelayMs ?? 0) + 1 });
      const codes = ['INVALID_ARGUMENT', 'LIMIT_EXCEEDED', 'UNSUPPORTED'] as const;
      await t.rejects(asked, codes, 'a publish with too long a delay');
    },
  },
});

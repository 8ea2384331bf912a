import type { Envelope } from '../../src/spi/envelope.ts';
import { deadEnvelope, isEndlessCycle, type DeathReason } from '../../src/virtual/dead-letter.ts';

const envelope: Envelope = {
  body: Buffer.from('x'),
  contentType: undefined,
  contentEncoding: undefined,
  headers: {},
  properties: {},
};

const die = (from: Envelope, queue: string, reason: DeathReason): Envelope =>
  deadEnvelope({ envelope: from, queue, exchange: 'e', routingKey: 'k' }, reason, 1000);

const deaths = (dead: Envelope): unknown =>
  (dead.headers['x-death'] as { queue: string; reason: string; count: number }[]).map(
    ({ queue, reason, count }) => `${queue} ${reason} ${count}`,
  );

describe('dead letters', () => {
  it('counts deaths of the same queue and reason, the latest first', () => {
    let dead = die(envelope, 'a', 'rejected');
    dead = die(dead, 'b', 'expired');
    dead = die(dead, 'a', 'rejected');
    expect(deaths(dead)).toEqual(['a rejected 2', 'b expired 1']);
    expect(deaths(die(dead, 'a', 'expired'))).toEqual(['a expired 1', 'a rejected 2', 'b expired 1']);
    expect(dead.headers).toMatchObject({ 'x-first-death-queue': 'a', 'x-last-death-queue': 'a' });
  });

  it('starts the count of deliveries anew, and keeps the envelope that it was made of', () => {
    const before = {
      ...envelope,
      headers: { 'x-delivery-count': 3, redelivered: true, mine: 1 },
      properties: { expiration: 5 },
    };
    const dead = die(before, 'a', 'delivery_limit');
    expect(dead.headers['x-delivery-count']).toBeUndefined();
    expect(dead.headers['redelivered']).toBeUndefined();
    expect(before.headers).toEqual({ 'x-delivery-count': 3, redelivered: true, mine: 1 });
    expect(dead.properties).toEqual({});
  });

  it('takes no notice of an x-death that a stranger made up', () => {
    for (const foreign of [5, 'x', null, {}, [null, 5, 'x'], [{ count: 'many', queue: 'a', reason: 'rejected' }]]) {
      const dead = die({ ...envelope, headers: { 'x-death': foreign } }, 'a', 'rejected');
      expect((dead.headers['x-death'] as { queue: string }[])[0]).toMatchObject({ queue: 'a', reason: 'rejected' });
    }
  });

  it('a circle is endless when nobody rejected on the way', () => {
    const timed = die(die(envelope, 'a', 'expired'), 'b', 'expired');
    expect(isEndlessCycle(timed, 'expired', 'a')).toBe(true);
    expect(isEndlessCycle(timed, 'expired', 'c')).toBe(false);
    const rejected = die(die(die(envelope, 'a', 'expired'), 'r', 'rejected'), 'b', 'expired');
    expect(isEndlessCycle(rejected, 'expired', 'a')).toBe(false);
    expect(isEndlessCycle(rejected, 'expired', 'b')).toBe(true);
    expect(isEndlessCycle(timed, 'rejected', 'a')).toBe(false);
  });
});

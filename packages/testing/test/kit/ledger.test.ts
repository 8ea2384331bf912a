import { errorOf } from '@kombu/core/spi';
import * as fc from 'fast-check';

import { Ledger } from '../../src/ledger.ts';

/** A message that lived as it should. */
function goodLife(ledger: Ledger, id = ledger.newId()): string {
  ledger.attempted(id);
  ledger.confirmed(id);
  ledger.delivered(id, false);
  ledger.settled(id, 'ok');
  return id;
}

function confirmed(ledger: Ledger): string {
  const id = ledger.newId();
  ledger.attempted(id);
  ledger.confirmed(id);
  return id;
}

const rulesOf = (ledger: Ledger, ...args: Parameters<Ledger['violations']>): readonly string[] =>
  ledger.violations(...args).map(({ rule }) => rule);

describe('Ledger', () => {
  let ledger: Ledger;
  beforeEach(() => {
    ledger = new Ledger();
    goodLife(ledger);
  });

  it('balances when every message was delivered, remains, was rejected, or is uncertain', () => {
    const waiting = confirmed(ledger);
    const refused = ledger.newId();
    ledger.attempted(refused);
    ledger.rejected(refused, 'NACKED');
    for (const arrives of [true, false]) {
      const id = ledger.newId();
      ledger.attempted(id);
      ledger.uncertain(id);
      if (arrives) ledger.delivered(id, false);
    }
    ledger.assertNothingLost({ remaining: [waiting] });
    ledger.assertNothingLost({ remaining: 1 });
  });

  it('finds a publish that never ended', () => {
    ledger.attempted('p');
    expect(ledger.violations()).toEqual([{ rule: 'publishing never ended', ids: ['p'] }]);
  });

  it('finds a lost message, also when only the number of remaining ones is known', () => {
    const [one, two] = [confirmed(ledger), confirmed(ledger)];
    expect(ledger.violations({ remaining: [one] })).toEqual([
      { rule: 'confirmed, but neither delivered nor in the broker', ids: [two] },
    ]);
    expect(rulesOf(ledger, { remaining: 2 })).toEqual([]);
    expect(rulesOf(ledger, { remaining: 1 })).toEqual(['confirmed, but not delivered, where only 1 are in the broker']);
  });

  it('finds a message that was delivered and never settled, when asked to', () => {
    const id = confirmed(ledger);
    ledger.delivered(id, false);
    ledger.settled(id, 'lease-lost');
    ledger.assertNothingLost();
    expect(ledger.violations({ everySettled: true })).toEqual([
      { rule: 'confirmed, but neither settled nor in the broker', ids: [id] },
    ]);
    ledger.assertNothingLost({ everySettled: true, remaining: [id] });
  });

  it('finds a delivery, and a message in the broker, that nobody published', () => {
    ledger.delivered('ghost', false);
    expect(ledger.violations({ remaining: ['stranger'] })).toEqual([
      { rule: 'delivered or in the broker, but never attempted', ids: ['ghost', 'stranger'] },
    ]);
  });

  it('finds a rejected message that arrived', () => {
    ledger.attempted('r');
    ledger.rejected('r', 'CONNECTION_LOST');
    expect(rulesOf(ledger)).toEqual([]);
    const rule = 'rejected, but delivered or in the broker';
    expect(ledger.violations({ remaining: ['r'] })).toEqual([{ rule, ids: ['r'] }]);
    ledger.delivered('r', false);
    expect(ledger.violations()).toEqual([{ rule, ids: ['r'] }]);
  });

  it('lets a rejected message arrive when an earlier attempt was uncertain', () => {
    ledger.attempted('u');
    ledger.uncertain('u');
    ledger.attempted('u');
    ledger.rejected('u', 'CONNECTION_LOST');
    ledger.delivered('u', false);
    ledger.assertNothingLost();
  });

  it('finds duplicates, and with allowDuplicates those that are not flagged', () => {
    const [flagged, silent] = [goodLife(ledger), goodLife(ledger)];
    ledger.delivered(flagged, true);
    ledger.delivered(silent, false);
    expect(ledger.violations()).toEqual([{ rule: 'delivered more than once', ids: [flagged, silent] }]);
    expect(ledger.violations({ allowDuplicates: true })).toEqual([
      { rule: 'delivered again without being flagged as redelivered', ids: [silent] },
    ]);
  });

  it('allows one unflagged delivery for each attempt', () => {
    ledger.attempted('twice');
    ledger.uncertain('twice');
    goodLife(ledger, 'twice');
    ledger.delivered('twice', false);
    ledger.settled('twice', 'ok');
    ledger.assertNothingLost({ allowDuplicates: true });
    ledger.delivered('twice', false);
    expect(rulesOf(ledger, { allowDuplicates: true })).toHaveLength(1);
  });

  it('finds a message that was settled as ok twice, unless acks may be lost', () => {
    const id = goodLife(ledger);
    ledger.delivered(id, true);
    ledger.settled(id, 'ok');
    expect(ledger.violations({ allowDuplicates: true })).toEqual([{ rule: 'settled as ok more than once', ids: [id] }]);
    ledger.assertNothingLost({ allowDuplicates: true, allowLostAcks: true });
  });

  it('finds a settled message that is still in the broker, unless acks may be lost', () => {
    const id = goodLife(ledger);
    expect(ledger.violations({ remaining: [id] })).toEqual([
      { rule: 'settled as ok, but still in the broker', ids: [id] },
    ]);
    ledger.assertNothingLost({ remaining: [id], allowLostAcks: true });
  });

  it('finds a settlement without a delivery', () => {
    const id = confirmed(ledger);
    ledger.settled(id, 'ok');
    expect(rulesOf(ledger, { remaining: [id], allowLostAcks: true })).toEqual(['settled more often than delivered']);
  });

  it.each<[string, (id: string) => void]>([
    ['confirmed twice', (id) => ledger.confirmed(id)],
    ['rejected after confirmed', (id) => ledger.rejected(id, 'NACKED')],
    ['attempted again after confirmed', (id) => (ledger.attempted(id), ledger.confirmed(id))],
  ])('finds steps out of order: %s', (_, step) => {
    const id = goodLife(ledger);
    step(id);
    expect(ledger.violations()).toContainEqual({ rule: 'recorded out of order', ids: [id] });
  });

  it('names ten of the ids with their histories, and how many more there are', () => {
    const lost = Array.from({ length: 12 }, () => confirmed(ledger));
    expect(() => ledger.assertNothingLost()).toThrow(`${lost[9]}: attempted > confirmed\n  and 2 more`);
    expect(() => ledger.assertNothingLost()).not.toThrow(`${lost[10]}: `);
    expect(() => ledger.assertNothingLost()).toThrow(/confirmed +13/);
  });

  it('tracks how a publish ends', async () => {
    const ends = await Promise.all([
      ledger.track('a', Promise.resolve('confirmed' as const)),
      ledger.track('b', Promise.resolve('sent' as const)),
      ledger.track('c', Promise.reject(errorOf('PUBLISH_UNCERTAIN', 'lost'))),
      ledger.track('d', Promise.reject(errorOf('UNROUTABLE', 'no queue'))),
      ledger.track('e', Promise.resolve()),
    ]);
    expect(ends).toEqual(['confirmed', 'uncertain', 'uncertain', 'rejected', 'confirmed']);
    expect(ledger.history('d')).toEqual(['attempted', 'rejected (UNROUTABLE)']);
    ledger.assertNothingLost({ remaining: ['a', 'e'] });
  });

  it('finds exactly the messages that were lost, whatever else happened', () => {
    const life = fc.constantFrom('good', 'remaining', 'rejected', 'uncertain', 'redelivered', 'lost');
    fc.assert(
      fc.property(fc.array(life, { maxLength: 40 }), (lives) => {
        const books = new Ledger();
        const remaining: string[] = [];
        const lost: string[] = [];
        for (const kind of lives) {
          const id = books.newId();
          books.attempted(id);
          if (kind === 'rejected') books.rejected(id, 'NACKED');
          else if (kind === 'uncertain') books.uncertain(id);
          else books.confirmed(id);
          if (kind === 'remaining') remaining.push(id);
          if (kind === 'lost') lost.push(id);
          if (kind === 'good' || kind === 'redelivered') books.delivered(id, false);
          if (kind === 'redelivered') books.delivered(id, true);
        }
        const found = books.violations({ remaining, allowDuplicates: true });
        expect(found.flatMap(({ ids }) => ids)).toEqual(lost);
        const count = { remaining: remaining.length, allowDuplicates: true };
        expect(books.violations(count).length > 0).toBe(lost.length > 0);
      }),
    );
  });
});

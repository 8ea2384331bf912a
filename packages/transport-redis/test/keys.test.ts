import * as fc from 'fast-check';
import { Keys } from '../src/keys.ts';
import { readOptions, type RedisTransportOptions } from '../src/options.ts';
import { keySlot } from '../src/servers/key-slot.ts';
import { targetOf } from './support/stores.ts';

function keysWith(options: RedisTransportOptions = {}, isCluster = false): Keys {
  return new Keys(readOptions(targetOf('redis://localhost', options)), isCluster);
}

const names = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('{', '}', ':', 'a', '\u0006\u0016', '3') }));

describe('the keys of one server', () => {
  it("are Kombu's", () => {
    const { lists, base, unacked, unackedIndex } = keysWith().queue('video');
    expect(lists).toEqual(['video\u0006\u00169', 'video\u0006\u00166', 'video\u0006\u00163', 'video']);
    expect([base, unacked, unackedIndex]).toEqual(['video', 'unacked', 'unacked_index']);
    expect(keysWith().bindings('shop')).toBe('_kombu.binding.shop');
  });

  it('have the prefix in front, all of them', () => {
    const keys = keysWith({ globalKeyprefix: 'app:' });
    const { lists, unacked, unackedIndex, delayed } = keys.queue('video');
    const all = [...lists, unacked, unackedIndex, delayed, keys.plan, keys.queueDeadlines, keys.bindingDeadlines];
    const ofNames = [keys.bindings('x'), keys.permanentBindings('x'), keys.ownBindings('x'), keys.fanoutBindings('x')];
    for (const key of [...all, ...ofNames, keys.boundExchanges('q'), keys.broadcastMark('q', 't')]) {
      expect(key).toMatch(/^app:/);
    }
    expect(lists.at(-1)).toBe('app:video');
  });

  it('are read from the lowest number on if that is wanted', () => {
    const keys = keysWith({ priorityOrder: 'kombu', prioritySteps: [0, 5] });
    expect(keys.queue('q').lists).toEqual(['q', 'q\u0006\u00165']);
    expect([0, 4, 5, 9].map((priority) => keys.listOf(priority))).toEqual([0, 0, 1, 1]);
  });

  it.each([0, 1, 2, 3, 5, 6, 8, 9])('put priority %i where Kombu does', (priority) => {
    const keys = keysWith();
    const step = [0, 3, 6, 9].findLast((each) => each <= priority);
    expect(keys.steps[keys.listOf(priority)]).toBe(step);
  });
});

describe.each([false, true])('names (cluster: %s)', (isCluster) => {
  it('never become one', () => {
    const keys = keysWith({}, isCluster);
    fc.assert(
      fc.property(fc.uniqueArray(names, { minLength: 2, maxLength: 10 }), (queues) => {
        const all = queues.flatMap((queue) => {
          const { lists, delayed, claimPrefix } = keys.queue(queue);
          return [...lists, delayed, claimPrefix];
        });
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });
});

describe('the keys of a cluster', () => {
  it('R19: the keys that one script or command needs are in one slot', () => {
    fc.assert(
      fc.property(names, fc.constantFrom('', 'app:', '{app}:'), (name, globalKeyprefix) => {
        const { lists, base, unacked, unackedIndex, delayed } = keysWith({ globalKeyprefix }, true).queue(name);
        const slots = [...lists, base, unacked, unackedIndex, delayed].map(keySlot);
        expect(new Set(slots).size).toBe(1);
      }),
    );
  });

  it('spread over the slots', () => {
    const keys = keysWith({}, true);
    const slots = Array.from({ length: 100 }, (_, index) => keySlot(keys.queue(`queue-${index}`).base));
    expect(new Set(slots).size).toBeGreaterThan(90);
  });
});

describe('keySlot', () => {
  // What CLUSTER KEYSLOT answers.
  it.each([
    ['foo', 12_182],
    ['foo{bar}zap', 5061],
    ['bar', 5061],
    ['foo{}{bar}', 8363],
    ['foo{{bar}}zap', 4015],
    ['{user1000}.following', 3443],
    ['grüße', 3194],
    ['', 0],
  ])('of %s is %i', (key, slot) => {
    expect(keySlot(key)).toBe(slot);
  });
});

import { delayExit } from '../src/delay-exits.ts';
import { delayKey, delayLevels, maxDelayMs, withoutDelayDeaths } from '../src/delay-levels.ts';
import { readOptions } from '../src/options.ts';

const quorum = { delayedPrefix: undefined, delayedQueueType: 'quorum' } as const;
const options = readOptions({ options: {}, query: {} });

describe('the levels of delayed delivery', () => {
  // Written down from Kombu's native_delayed_delivery.
  it('are those of Kombu', () => {
    const levels = delayLevels(quorum);
    expect(levels).toHaveLength(28);
    expect(levels[0]).toEqual({
      name: 'celery_delayed_27',
      arguments: {
        'x-queue-type': 'quorum',
        'x-overflow': 'reject-publish',
        'x-message-ttl': 134_217_728_000,
        'x-dead-letter-exchange': 'celery_delayed_26',
        'x-dead-letter-strategy': 'at-least-once',
      },
      wait: { source: 'celery_delayed_27', destination: 'celery_delayed_27', pattern: '1.#' },
      pass: { source: 'celery_delayed_27', destination: 'celery_delayed_26', pattern: '0.#' },
    });
    expect(levels[27]).toEqual({
      name: 'celery_delayed_0',
      arguments: {
        'x-queue-type': 'quorum',
        'x-overflow': 'reject-publish',
        'x-message-ttl': 1000,
        'x-dead-letter-exchange': 'celery_delayed_delivery',
        'x-dead-letter-strategy': 'at-least-once',
      },
      wait: { source: 'celery_delayed_0', destination: 'celery_delayed_0', pattern: `${'*.'.repeat(27)}1.#` },
      pass: { source: 'celery_delayed_0', destination: 'celery_delayed_delivery', pattern: `${'*.'.repeat(27)}0.#` },
    });
  });

  it('have a prefix, and classic queues without a strategy, when they are asked to', () => {
    const [first] = delayLevels({ delayedPrefix: 'mine', delayedQueueType: 'classic' });
    expect(first?.name).toBe('mine_celery_delayed_27');
    expect(first?.arguments).toEqual({
      'x-queue-type': 'classic',
      'x-overflow': 'reject-publish',
      'x-message-ttl': 134_217_728_000,
      'x-dead-letter-exchange': 'mine_celery_delayed_26',
    });
  });

  it('are taken by the bits of the seconds, which are never too few', () => {
    const zeros = '0.'.repeat(27);
    expect(delayKey(1, 'key')).toBe(`${zeros}1.key`);
    expect(delayKey(1000, 'key')).toBe(`${zeros}1.key`);
    expect(delayKey(1001, 'key')).toBe(`${'0.'.repeat(26)}1.0.key`);
    expect(delayKey(10_000, 'a.b')).toBe(`${'0.'.repeat(24)}1.0.1.0.a.b`);
    expect(delayKey(maxDelayMs, 'key')).toBe(`${'1.'.repeat(28)}key`);
  });
});

describe('the way out of a delay', () => {
  const route = { exchange: 'media', routingKey: 'video', mandatory: false, confirm: true };

  it('leads to the exchange and the routing key that were meant, without a stop', () => {
    const exit = delayExit(route, 1000, options);
    expect(exit.queue).toBe(`celery_delayed_exit_${exit.word}`);
    expect(exit.arguments).toMatchObject({
      'x-message-ttl': 0,
      'x-dead-letter-exchange': 'media',
      'x-dead-letter-routing-key': 'video',
    });
    expect(exit.binding).toEqual({
      source: 'celery_delayed_delivery',
      destination: exit.queue,
      pattern: `#.${exit.word}`,
    });
  });

  it('is one for each route, and lives longer than the delay', () => {
    const words = [
      delayExit(route, 1000, options),
      delayExit({ ...route, routingKey: 'audio' }, 1000, options),
      delayExit({ ...route, exchange: '' }, 1000, options),
      delayExit({ ...route, exchange: 'mediavideo', routingKey: '' }, 1000, options),
    ].map(({ word }) => word);
    expect(new Set(words).size).toBe(4);
    for (const delay of [1, 86_400_000, 86_400_001, 31 * 86_400_000, maxDelayMs]) {
      const expires = delayExit(route, delay, options).arguments['x-expires'] as number;
      expect(expires - delay).toBeGreaterThanOrEqual(86_400_000 - 1);
    }
  });
});

describe('the record of deaths of a delayed message', () => {
  it('loses the levels and exits of an earlier delay, and nothing else', () => {
    const deaths = ['celery_delayed_3', 'mine', 'celery_delayed_exit_0a', 'mine_celery_delayed_1'].map((queue) => ({
      queue,
    }));
    const headers = { other: 1, 'x-death': [...deaths, 'odd', null] };
    expect(withoutDelayDeaths(headers, quorum)).toEqual({
      other: 1,
      'x-death': [{ queue: 'mine' }, { queue: 'mine_celery_delayed_1' }, 'odd', null],
    });
    const untouched = { 'x-death': 'no list' };
    expect(withoutDelayDeaths(untouched, quorum)).toBe(untouched);
  });
});

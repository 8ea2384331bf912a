import type { BindingDeclaration } from '@kombu/core/spi';
import { fitsJson, fitsKombu, kombuRow, kombuRows, ownRow, readKombuRow, readOwnRow } from '../src/binding-rows.ts';
import { FanoutChannels } from '../src/fanout-channels.ts';
import { readOptions, type RedisTransportOptions } from '../src/options.ts';
import { targetOf } from './support/stores.ts';

const sep = '\u0006\u0016';

function binding(parts: Partial<BindingDeclaration> = {}): BindingDeclaration {
  return { exchange: 'shop', destination: 'orders', destinationType: 'queue', routingKey: '', arguments: {}, ...parts };
}

describe('rows of bindings', () => {
  it('are those of Kombu 5.6, byte for byte', () => {
    const topic = binding({ routingKey: 'order.*.new' });
    expect(kombuRow(topic, 'topic', sep)).toBe('order.*.new\u0006\u0016^order\\..*?[^\\.]\\.new$\u0006\u0016orders');
    expect(kombuRow(binding({ routingKey: 'k' }), 'direct', sep)).toBe('k\u0006\u0016\u0006\u0016orders');
    expect(kombuRow(binding(), 'fanout', sep)).toBe('\u0006\u0016\u0006\u0016orders');
  });

  // The second one was written by Kombu 5.7.0.
  it('are removed as Kombu 5.7 wrote them too', () => {
    expect(kombuRows(binding({ routingKey: 'order.*.new' }), sep)).toEqual([
      'order.*.new\u0006\u0016\u0006\u0016orders',
      'order.*.new\u0006\u0016^order\\..*?[^\\.]\\.new$\u0006\u0016orders',
      'order.*.new\u0006\u0016^order\\.[^\\.]+\\.new$\u0006\u0016orders',
    ]);
    expect(kombuRows(binding({ routingKey: '*.a-b.#' }), sep)).toContain(
      '*.a-b.#\u0006\u0016^[^\\.]+\\.a\\-b\\..*?$\u0006\u0016orders',
    );
  });

  it.each(['', 'a', 'a\u0006\u0016b', 'a\u0006\u0016b\u0006\u0016', 'a\u0006\u0016b\u0006\u0016c\u0006\u0016d'])(
    'of another shape are no rows: %j',
    (text) => {
      expect(readKombuRow(text, sep)).toBeUndefined();
    },
  );

  it('of our own hold what has no place there', () => {
    const odd = binding({ routingKey: sep, arguments: { 'x-match': 'any', n: 1, b: { z: 1, a: [null] } } });
    expect([fitsKombu(odd, sep), fitsJson(odd)]).toEqual([false, true]);
    expect(readOwnRow('shop', ownRow(odd))).toEqual(odd);
    const turned = binding({ routingKey: sep, arguments: { b: { a: [null], z: 1 }, n: 1, 'x-match': 'any' } });
    expect(ownRow(turned)).toBe(ownRow(odd));
    for (const text of ['', '[]', '{}', '["a","b","topic",{}]', '["a",1,"queue",{}]', '["a","b","queue",[]]']) {
      expect(readOwnRow('shop', text)).toBeUndefined();
    }
  });

  it('cannot hold what JSON cannot', () => {
    for (const value of [new Date(0), 1n, undefined, Number.NaN, Buffer.from('x')]) {
      expect(fitsJson(binding({ arguments: { value } }))).toBe(false);
    }
  });
});

function channels(options: RedisTransportOptions = {}, isSentinel = false): FanoutChannels {
  return new FanoutChannels(readOptions(targetOf('redis://localhost', options)), 2, isSentinel);
}

describe('channels', () => {
  it("are Kombu's", () => {
    expect(channels().publishTo('news', '')).toEqual(['/2.news']);
    expect(channels().publishTo('news', 'a.b')).toEqual(['/2.news/a.b']);
    expect(channels({ fanoutPatterns: false }).publishTo('news', 'a.b')).toEqual(['/2.news']);
    expect(channels({ fanoutPrefix: false }).publishTo('news', '')).toEqual(['news']);
    expect(channels({ fanoutPrefix: '/all.', globalKeyprefix: 'app:' }).publishTo('news', '')).toEqual([
      'app:/all.news',
    ]);
    expect(channels({ sentinelFanoutCompat: true }, true).publishTo('news', '')).toEqual(['/2.news', '/{db}.news']);
  });

  it('are listened to whatever the routing key, and literally', () => {
    expect(channels().patternsOf('new[s]*?\\')).toEqual(['/2.new\\[s\\]\\*\\?\\\\', '/2.new\\[s\\]\\*\\?\\\\/*']);
    expect(channels({ fanoutPatterns: false }).patternsOf('news')).toEqual(['/2.news']);
  });
});

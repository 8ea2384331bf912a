import { fromKombuBinding, isKombuBinding, toKombuBinding } from '../../src/routing/kombu-binding.ts';
import type { BindingDeclaration } from '../../src/spi/declarations.ts';

const binding: BindingDeclaration = {
  exchange: 'stock',
  destination: 'us',
  destinationType: 'queue',
  routingKey: 'stock.us.*',
  arguments: {},
};

describe('a binding in the layout of Kombu', () => {
  it('has a pattern for topic exchanges only', () => {
    expect(toKombuBinding(binding, 'topic')).toEqual(['stock.us.*', String.raw`^stock\.us\..*?[^\.]$`, 'us']);
    for (const type of ['direct', 'fanout', 'headers']) {
      expect(toKombuBinding(binding, type)).toEqual(['stock.us.*', '', 'us']);
    }
  });

  it('comes back as it was', () => {
    for (const type of ['topic', 'direct']) {
      expect(fromKombuBinding('stock', toKombuBinding(binding, type))).toEqual(binding);
    }
  });

  it('has no arguments and leads to a queue', () => {
    expect(isKombuBinding(binding)).toBe(true);
    expect(isKombuBinding({ ...binding, arguments: { 'x-match': 'all' } })).toBe(false);
    expect(isKombuBinding({ ...binding, destinationType: 'exchange' })).toBe(false);
  });
});

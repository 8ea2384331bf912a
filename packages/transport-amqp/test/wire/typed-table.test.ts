import { Decimal } from '@kombu/core';
import { InvalidArgumentError } from '@kombu/core/spi';
import { typedTable } from '../../src/wire/typed-table.ts';

describe('arguments of declarations', () => {
  it('name the types that amqplib would guess wrong', () => {
    const args = {
      small: 5,
      large: 2 ** 40,
      exact: 2n ** 62n,
      fraction: 0.5,
      date: new Date(2000),
      decimal: new Decimal('1.5'),
      list: [1],
      nested: { deep: 1 },
    };
    expect(typedTable(args)).toEqual({
      small: { '!': 'int32', value: 5 },
      large: { '!': 'int64', value: 2 ** 40 },
      exact: { '!': 'int64', value: 2n ** 62n },
      fraction: { '!': 'double', value: 0.5 },
      date: { '!': 'timestamp', value: 2 },
      decimal: { '!': 'decimal', value: { places: 1, digits: 15 } },
      list: [{ '!': 'int32', value: 1 }],
      nested: { deep: { '!': 'int32', value: 1 } },
    });
  });

  it('leave the others as they are', () => {
    const args = { text: 'a', yes: true, nothing: null, bytes: Buffer.from('x') };
    expect(typedTable({ ...args, absent: undefined })).toEqual(args);
  });

  it('are refused when AMQP cannot carry them', () => {
    expect(() => typedTable({ 'x-odd': () => {} })).toThrow(InvalidArgumentError);
    expect(() => typedTable({ 'x-odd': () => {} })).toThrow("'x-odd'");
    expect(() => typedTable({ ['x'.repeat(256)]: 1 })).toThrow(InvalidArgumentError);
    const loop: Record<string, unknown> = {};
    loop['loop'] = loop;
    expect(() => typedTable(loop)).toThrow(InvalidArgumentError);
  });
});

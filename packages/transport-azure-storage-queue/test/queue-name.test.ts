import * as fc from 'fast-check';
import { serviceName } from '../src/queue-name.ts';
import { QueueNames } from '../src/queue-names.ts';

describe('names of queues', () => {
  // As Kombu 5.5.4 computes them.
  it.each([
    ['', 'celery', 'celery'],
    ['', 'orders.new', 'orders-new'],
    ['py_', 'orders_new', 'py-orders-new'],
    ['', 'celery@host.celery.pidbox', 'celery-host-celery-pidbox'],
    ['', 'a!b', 'a-b'],
  ])("are Kombu's where the service takes those: %s%s", (prefix, queue, name) => {
    expect(serviceName(prefix, queue)).toBe(name);
  });

  it.each([
    ['Celery', /^celery-[0-9a-f]{16}$/],
    ['a..b', /^a-b-[0-9a-f]{16}$/],
    ['_reply', /^reply-[0-9a-f]{16}$/],
    ['q', /^q-[0-9a-f]{16}$/],
    ['你好', /^[0-9a-f]{16}$/],
    ['x'.repeat(64), /^x{46}-[0-9a-f]{16}$/],
  ])('have a hash where it would not: %s', (queue, name) => {
    expect(serviceName('', queue)).toMatch(name);
  });

  it('are always ones that the service takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme', maxLength: 200 }), (prefix, queue) => {
        expect(serviceName(prefix, queue)).toMatch(/^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
      }),
    );
  });

  it('do not make one queue of two unnoticed', () => {
    const names = new QueueNames('');
    expect([names.claim('a.b'), names.claim('a.b')]).toEqual(['a-b', 'a-b']);
    expect(() => names.claim('a_b')).toThrow(/"a.b" and "a_b" would be one/);
    names.forget('a_b');
    expect(() => names.claim('a_b')).toThrow(/would be one/);
    names.forget('a.b');
    expect(names.claim('a_b')).toBe('a-b');
  });
});

import * as fc from 'fast-check';
import { Router } from '../../src/routing/router.ts';
import type { BindingDeclaration } from '../../src/spi/declarations.ts';
import type { Headers } from '../../src/spi/envelope.ts';
import { binding, headers, routingKey } from './arbitraries.ts';
import { heapUsed } from './heap.ts';
import { naiveMatch } from './naive.ts';

const none = {};

function toQueue(exchange: string, queue: string, key = '', args = {}): BindingDeclaration {
  return { exchange, destination: queue, destinationType: 'queue', routingKey: key, arguments: args };
}

function toExchange(exchange: string, destination: string, key = ''): BindingDeclaration {
  return { exchange, destination, destinationType: 'exchange', routingKey: key, arguments: {} };
}

function router(exchanges: Readonly<Record<string, string>>, ...bindings: BindingDeclaration[]): Router {
  const made = new Router();
  for (const [name, type] of Object.entries(exchanges)) made.addExchange(name, type);
  for (const one of bindings) made.bind(one);
  return made;
}

function refusal(message: RegExp): Error {
  return expect.objectContaining({ code: 'PRECONDITION_FAILED', message: expect.stringMatching(message) }) as Error;
}

describe('exchanges', () => {
  it.each([
    ['', 'direct'],
    ['amq.direct', 'direct'],
    ['amq.topic', 'topic'],
    ['amq.fanout', 'fanout'],
    ['amq.headers', 'headers'],
    ['amq.match', 'headers'],
  ])('%j is there from the start, of type %s, and stays', (name, type) => {
    const made = new Router();
    expect(made.hasExchange(name)).toBe(true);
    expect(made.exchangeType(name)).toBe(type);
    expect(made.addExchange(name, type)).toBe(false);
    expect(() => made.removeExchange(name)).toThrow(expect.objectContaining({ code: 'ACCESS_REFUSED' }));
  });

  it('come and go', () => {
    const made = new Router();
    expect(made.hasExchange('x')).toBe(false);
    expect(made.exchangeType('x')).toBeUndefined();
    expect(made.route('x', 'k', none)).toBeUndefined();
    expect(made.addExchange('x', 'topic', { internal: true })).toBe(true);
    expect(made.exchangeType('x')).toBe('topic');
    expect(made.isInternal('x')).toBe(true);
    expect(made.isInternal('amq.topic')).toBe(false);
    expect(made.route('x', 'k', none)).toEqual([]);
    expect(made.removeExchange('x')).toEqual([]);
    expect(made.hasExchange('x')).toBe(false);
    expect(made.route('x', 'k', none)).toBeUndefined();
    expect(made.removeExchange('x')).toEqual([]);
  });

  it('can be added again as they are, and not otherwise', () => {
    const made = new Router();
    made.addExchange('x', 'topic', { alternateExchange: 'a' });
    expect(made.addExchange('x', 'topic', { alternateExchange: 'a', internal: false })).toBe(false);
    expect(() => made.addExchange('x', 'direct', { alternateExchange: 'a' })).toThrow(refusal(/another type: topic/));
    expect(() => made.addExchange('x', 'topic')).toThrow(refusal(/another alternate exchange: a, not none/));
    expect(() => made.addExchange('x', 'topic', { alternateExchange: 'a', internal: true })).toThrow(
      refusal(/another internal flag: false/),
    );
  });

  it('of unknown types are refused', () => {
    const made = new Router();
    expect(() => made.addExchange('x', 'x-random')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
    expect(made.hasExchange('x')).toBe(false);
  });

  it('take the bindings at both their ends with them', () => {
    const made = router({ a: 'fanout', b: 'fanout', c: 'fanout' });
    const [ab, bc, bb, bq, aq] = [
      toExchange('a', 'b'),
      toExchange('b', 'c'),
      toExchange('b', 'b'),
      toQueue('b', 'q'),
      toQueue('a', 'q'),
    ];
    for (const one of [ab, bc, bb, bq, aq]) made.bind(one);
    expect(new Set(made.removeExchange('b'))).toEqual(new Set([ab, bc, bb, bq]));
    expect(made.bindings()).toEqual([aq]);
    made.addExchange('b', 'fanout');
    expect(made.bindings('b')).toEqual([]);
    expect(made.route('a', '', none)).toEqual(['q']);
  });
});

describe('bindings', () => {
  it('are added once, listed, and removed', () => {
    const made = router({ x: 'direct', y: 'direct' });
    const [xq, yq] = [toQueue('x', 'q', 'k'), toQueue('y', 'q', 'k')];
    expect(made.isExchangeUsed('x')).toBe(false);
    expect(made.bind(xq)).toBe(true);
    expect(made.bind(structuredClone(xq))).toBe(false);
    expect(made.bind(yq)).toBe(true);
    expect(made.isExchangeUsed('x')).toBe(true);
    expect(made.bindings('x')).toEqual([xq]);
    expect(made.bindings()).toEqual([xq, yq]);
    expect(made.bindings('unknown')).toEqual([]);
    expect(made.unbind(toQueue('x', 'q', 'other'))).toBe(false);
    expect(made.unbind(toQueue('unknown', 'q', 'k'))).toBe(false);
    expect(made.unbind(structuredClone(xq))).toBe(true);
    expect(made.unbind(xq)).toBe(false);
    expect(made.isExchangeUsed('x')).toBe(false);
    expect(made.bindings()).toEqual([yq]);
  });

  it('need both their exchanges', () => {
    const made = router({ x: 'direct' });
    const unknown = expect.objectContaining({ code: 'NOT_FOUND', message: expect.stringContaining('"nowhere"') });
    expect(() => made.bind(toQueue('nowhere', 'q'))).toThrow(unknown);
    expect(() => made.bind(toExchange('x', 'nowhere'))).toThrow(unknown);
    expect(() => made.replaceBindings('nowhere', [])).toThrow(unknown);
    expect(made.bindings()).toEqual([]);
  });

  it('are refused on the default exchange, at both ends', () => {
    const made = router({ x: 'direct' });
    const refused = expect.objectContaining({ code: 'ACCESS_REFUSED' });
    expect(() => made.bind(toQueue('', 'q'))).toThrow(refused);
    expect(() => made.bind(toExchange('x', ''))).toThrow(refused);
    expect(() => made.replaceBindings('', [])).toThrow(refused);
  });

  it('of headers exchanges are refused with an unknown x-match', () => {
    const made = new Router();
    const refused = expect.objectContaining({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('all, any, all-with-x, any-with-x'),
    });
    expect(() => made.bind(toQueue('amq.match', 'q', '', { 'x-match': 'some' }))).toThrow(refused);
    expect(() => made.bind(toQueue('amq.match', 'q', '', { 'x-match': 1 }))).toThrow(refused);
    expect(made.bind(toQueue('amq.topic', 'q', '', { 'x-match': 'some' }))).toBe(true);
  });

  it('go with their queue', () => {
    const made = router({ x: 'direct', y: 'topic', q: 'direct' });
    const gone = [toQueue('x', 'q', 'a'), toQueue('x', 'q', 'b'), toQueue('y', 'q', '#')];
    const kept = [toQueue('x', 'other', 'a'), toExchange('x', 'q', 'a')];
    for (const one of [...gone, ...kept]) made.bind(one);
    expect(new Set(made.removeQueue('q'))).toEqual(new Set(gone));
    expect(new Set(made.bindings())).toEqual(new Set(kept));
    expect(made.route('x', 'a', none)).toEqual(['other']);
    expect(made.removeQueue('q')).toEqual([]);
  });

  it('go with their queue also after others of it were removed one by one', () => {
    const made = router({ x: 'direct' });
    const [a, b, c] = [toQueue('x', 'q', 'a'), toQueue('x', 'q', 'b'), toQueue('x', 'q', 'c')];
    for (const one of [a, b, c]) made.bind(one);
    made.unbind(a);
    made.replaceBindings('x', [c]);
    expect(made.removeQueue('q')).toEqual([c]);
  });

  it('that other processes share replace what is known', () => {
    const made = router({ x: 'direct' }, toQueue('x', 'old', 'k'), toQueue('x', 'both', 'k'));
    const shared = [toQueue('x', 'both', 'k'), toQueue('x', 'new', 'k')];
    made.replaceBindings('x', shared);
    expect(new Set(made.route('x', 'k', none))).toEqual(new Set(['both', 'new']));
    expect(made.removeQueue('old')).toEqual([]);
    expect(made.removeQueue('new')).toEqual([shared[1]]);
    // The same list again is no news, unless the bindings were changed here in between, as just now.
    made.replaceBindings('x', shared);
    expect(new Set(made.route('x', 'k', none))).toEqual(new Set(['both', 'new']));
  });

  it('the same shared list a second time is not even read, and an equal one keeps remembered routes', () => {
    const made = router({ x: 'direct' });
    const shared = [toQueue('x', 'q', 'k')];
    let reads = 0;
    const read = (): ArrayIterator<BindingDeclaration> => {
      reads += 1;
      return shared.values();
    };
    Object.defineProperty(shared, Symbol.iterator, { value: read });
    made.replaceBindings('x', shared);
    expect(reads).toBeGreaterThan(0);
    const route = made.route('x', 'k', none);
    reads = 0;
    made.replaceBindings('x', shared);
    expect(reads).toBe(0);
    made.replaceBindings('x', [toQueue('x', 'q', 'k')]);
    expect(made.route('x', 'k', none)).toBe(route);
  });

  it('shared ones may lead to an exchange that is not known yet', () => {
    const made = router({ x: 'fanout' });
    made.replaceBindings('x', [toExchange('x', 'later')]);
    expect(made.route('x', '', none)).toEqual([]);
    made.addExchange('later', 'fanout');
    made.bind(toQueue('later', 'q'));
    expect(made.route('x', '', none)).toEqual(['q']);
  });
});

describe('routes', () => {
  it('of the default exchange lead to the queue that the key names', () => {
    const made = new Router();
    expect(made.route('', 'q', none)).toEqual(['q']);
    expect(made.route('', '__proto__', none)).toEqual(['__proto__']);
    expect(made.route('', '', none)).toEqual(['']);
  });

  it('lead each queue once, by whatever ways it is reached', () => {
    const made = router(
      { a: 'topic', b: 'fanout', c: 'direct' },
      toQueue('a', 'q', '#'),
      toQueue('a', 'q', 'k'),
      toExchange('a', 'b', 'k'),
      toExchange('a', 'c', '*'),
      toQueue('b', 'q'),
      toQueue('c', 'q', 'k'),
      toQueue('c', 'other', 'k'),
    );
    expect(made.route('a', 'k', none)?.toSorted()).toEqual(['other', 'q']);
    expect(made.route('a', 'l', none)).toEqual(['q']);
  });

  it('end in spite of cycles between exchanges', () => {
    const made = router(
      { a: 'fanout', b: 'fanout', c: 'fanout' },
      toExchange('a', 'a'),
      toExchange('a', 'b'),
      toExchange('b', 'c'),
      toExchange('c', 'a'),
      toQueue('a', 'qa'),
      toQueue('c', 'qc'),
    );
    for (const start of ['a', 'b', 'c']) expect(made.route(start, '', none)?.toSorted()).toEqual(['qa', 'qc']);
  });

  it('end in spite of a long chain of exchanges', () => {
    const made = new Router();
    const length = 20_000;
    for (let i = 0; i < length; i += 1) made.addExchange(`x${i}`, 'fanout');
    for (let i = 1; i < length; i += 1) made.bind(toExchange(`x${i - 1}`, `x${i}`));
    made.bind(toQueue(`x${length - 1}`, 'q'));
    expect(made.route('x0', '', none)).toEqual(['q']);
  });

  it('consider headers, each message for itself, also behind other exchanges', () => {
    const made = router(
      { front: 'fanout' },
      toExchange('front', 'amq.match'),
      toQueue('amq.match', 'pdf', '', { format: 'pdf' }),
      toQueue('amq.match', 'zip', '', { format: 'zip' }),
      toQueue('amq.match', 'all'),
    );
    for (const exchange of ['amq.match', 'front']) {
      expect(made.route(exchange, 'k', { format: 'pdf' })?.toSorted()).toEqual(['all', 'pdf']);
      expect(made.route(exchange, 'k', { format: 'zip' })?.toSorted()).toEqual(['all', 'zip']);
      expect(made.route(exchange, 'k', none)).toEqual(['all']);
    }
  });

  it('work with names of the object prototype', () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty'];
    const made = new Router();
    for (const name of names) expect(made.hasExchange(name)).toBe(false);
    for (const name of names) made.addExchange(name, 'direct');
    for (const name of names) for (const queue of names) made.bind(toQueue(name, queue, name));
    for (const name of names) expect(made.route(name, name, none)?.toSorted()).toEqual(names.toSorted());
    for (const name of names) expect(made.route(name, 'toString', none)).toEqual([]);
    expect(made.removeQueue('__proto__')).toHaveLength(3);
    expect(made.removeExchange('constructor')).toHaveLength(2);
  });
});

describe('alternate exchanges', () => {
  it('get what matched nothing, and only that', () => {
    const made = new Router();
    made.addExchange('x', 'direct', { alternateExchange: 'lost' });
    made.addExchange('lost', 'fanout');
    made.bind(toQueue('x', 'q', 'k'));
    made.bind(toQueue('lost', 'l'));
    expect(made.route('x', 'k', none)).toEqual(['q']);
    expect(made.route('x', 'other', none)).toEqual(['l']);
  });

  it('form chains, and cycles of them end', () => {
    const made = new Router();
    made.addExchange('a', 'direct', { alternateExchange: 'b' });
    made.addExchange('b', 'direct', { alternateExchange: 'c' });
    made.addExchange('c', 'direct', { alternateExchange: 'a' });
    expect(made.route('a', 'k', none)).toEqual([]);
    made.bind(toQueue('c', 'q', 'k'));
    expect(made.route('a', 'k', none)).toEqual(['q']);
    made.addExchange('own', 'direct', { alternateExchange: 'own' });
    expect(made.route('own', 'k', none)).toEqual([]);
  });

  it('need not exist, and count from when they do', () => {
    const made = new Router();
    made.addExchange('x', 'direct', { alternateExchange: 'later' });
    expect(made.route('x', 'k', none)).toEqual([]);
    made.addExchange('later', 'fanout');
    made.bind(toQueue('later', 'q'));
    expect(made.route('x', 'k', none)).toEqual(['q']);
    made.removeExchange('later');
    made.bind(toQueue('amq.fanout', 'last'));
    expect(made.route('x', 'k', none)).toEqual([]);
    made.addExchange('later', 'direct', { alternateExchange: 'amq.fanout' });
    expect(made.route('x', 'k', none)).toEqual(['last']);
  });

  it('do not step in where a binding to another exchange matched, even if that led nowhere', () => {
    const made = new Router();
    made.addExchange('x', 'direct', { alternateExchange: 'lost' });
    made.addExchange('lost', 'fanout');
    made.addExchange('empty', 'fanout');
    made.bind(toQueue('lost', 'l'));
    made.bind(toExchange('x', 'empty', 'k'));
    expect(made.route('x', 'k', none)).toEqual([]);
  });

  it('of an exchange behind others step in for that one alone', () => {
    const made = new Router();
    made.addExchange('front', 'fanout');
    made.addExchange('x', 'direct', { alternateExchange: 'lost' });
    made.addExchange('lost', 'fanout');
    made.bind(toQueue('front', 'q'));
    made.bind(toExchange('front', 'x'));
    made.bind(toQueue('lost', 'l'));
    expect(made.route('front', 'k', none)?.toSorted()).toEqual(['l', 'q']);
  });
});

describe('remembered routes', () => {
  it('are the same frozen array again', () => {
    const made = router({ x: 'topic' }, toQueue('x', 'q', '#'));
    for (const [exchange, key] of [
      ['x', 'k'],
      ['', 'q'],
    ] as const) {
      const route = made.route(exchange, key, none);
      expect(Object.isFrozen(route)).toBe(true);
      expect(made.route(exchange, key, { other: 'headers' })).toBe(route);
    }
  });

  it('are frozen also when headers keep them from being remembered', () => {
    const made = router({}, toQueue('amq.match', 'q'));
    expect(Object.isFrozen(made.route('amq.match', 'k', none))).toBe(true);
  });

  it.each<[string, (made: Router) => void, readonly string[] | undefined]>([
    ['bind', (made) => void made.bind(toQueue('far', 'new', 'k')), ['new', 'q']],
    ['unbind', (made) => void made.unbind(toQueue('far', 'q', 'k')), []],
    ['removeQueue', (made) => void made.removeQueue('q'), []],
    ['replaceBindings', (made) => made.replaceBindings('far', [toQueue('far', 'new', 'k')]), ['new']],
    ['removeExchange behind', (made) => void made.removeExchange('far'), ['l']],
    ['removeExchange', (made) => void made.removeExchange('x'), undefined],
  ])('are forgotten on %s', (_name, change, expected) => {
    const made = new Router();
    made.addExchange('x', 'topic', { alternateExchange: 'lost' });
    for (const one of ['far', 'lost']) made.addExchange(one, 'topic');
    for (const one of [toExchange('x', 'far', '#'), toQueue('far', 'q', 'k'), toQueue('lost', 'l', '#')])
      made.bind(one);
    expect(made.route('x', 'k', none)).toEqual(['q']);
    change(made);
    expect(made.route('x', 'k', none)?.toSorted()).toEqual(expected);
  });

  it('are bounded: a flood of distinct keys pushes out what was remembered', () => {
    const made = new Router({ memoBudget: 20_000 });
    made.addExchange('x', 'fanout');
    made.bind(toQueue('x', 'q'));
    for (const exchange of ['x', '']) {
      const first = made.route(exchange, 'first', none);
      expect(made.route(exchange, 'first', none)).toBe(first);
      for (let i = 0; i < 1_000; i += 1) made.route(exchange, `flood${i}`, none);
      expect(made.route(exchange, 'first', none)).not.toBe(first);
      expect(made.route(exchange, 'first', none)).toEqual(first);
    }
  });

  it('are bounded by default', () => {
    const made = new Router();
    const first = made.route('', 'first', none);
    for (let i = 0; i < 100_000; i += 1) made.route('', `flood${i}`, none);
    expect(made.route('', 'first', none)).not.toBe(first);
  });
});

describe('a router as a whole', () => {
  const names = ['x1', 'x2', 'x3', '__proto__'];
  const types = ['direct', 'topic', 'fanout', 'headers'];
  const exchange = fc.tuple(fc.constantFrom(...types), fc.option(fc.constantFrom(...names), { nil: undefined }));
  const graph = fc.tuple(...names.map(() => exchange));

  it('finds what a plain walk over all bindings finds, while bindings change', () => {
    const change = fc.tuple(fc.constantFrom('bind', 'bind', 'unbind', 'removeQueue', 'replace'), binding(names));
    const message = fc.tuple(fc.constantFrom(...names), routingKey, headers);
    fc.assert(
      fc.property(graph, fc.array(fc.tuple(change, message), { maxLength: 25 }), (exchanges, steps) => {
        const made = new Router();
        exchanges.forEach(([type, alternateExchange], i) =>
          made.addExchange(names[i] ?? '', type, { alternateExchange }),
        );
        for (const [[what, one], [start, key, given]] of steps) {
          if (what === 'bind') made.bind(one);
          else if (what === 'unbind') made.unbind(made.bindings(one.exchange)[0] ?? one);
          else if (what === 'removeQueue') made.removeQueue(one.destination);
          else made.replaceBindings(one.exchange, [one, ...made.bindings(one.exchange).slice(1)]);
          const expected = plainWalk(made, exchanges, start, key, given);
          const route = made.route(start, key, given) ?? [];
          expect(new Set(route)).toEqual(expected);
          expect(route).toHaveLength(expected.size);
        }
      }),
      { numRuns: 300 },
    );
  });

  function plainWalk(
    made: Router,
    exchanges: readonly (readonly [string, string | undefined])[],
    start: string,
    key: string,
    given: Headers,
  ): Set<string> {
    const queues = new Set<string>();
    const seen = new Set<string>();
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      const [type, alternate] = exchanges[names.indexOf(name)] ?? ['', undefined];
      const found = made.bindings(name).filter((one) => naiveMatch(type, one, key, given));
      for (const one of found) if (one.destinationType === 'queue') queues.add(one.destination);
      for (const one of found) if (one.destinationType === 'exchange') visit(one.destination);
      if (found.length === 0 && alternate !== undefined) visit(alternate);
    };
    visit(start);
    return queues;
  }

  it('keeps nothing of what was removed', () => {
    const made = new Router();
    const bindings = Array.from({ length: 20_000 }, (_, i) =>
      toQueue(['amq.direct', 'amq.topic', 'amq.fanout', 'amq.match'][i % 4] ?? '', `q${i}`, `a${i}.b`, {
        [`h${i}`]: i,
      }),
    );
    const before = heapUsed();
    for (const one of bindings) made.bind(one);
    const full = heapUsed() - before;
    for (const one of bindings.slice(0, 10_000)) made.unbind(one);
    for (const { destination } of bindings.slice(10_000)) made.removeQueue(destination);
    expect(heapUsed() - before).toBeLessThan(full / 20);
    expect(bindings).toHaveLength(20_000);
  });

  it('removes queues and bindings without a look at the others', () => {
    const made = new Router();
    const count = 20_000;
    for (let i = 0; i < count; i += 1) made.bind(toQueue('amq.direct', `q${i}`, `k${i}`));
    for (let i = 0; i < count; i += 1) made.addExchange(`x${i}`, 'fanout');
    const perList = timed(() => made.bindings().filter(({ destination }) => destination === 'q0'));
    const perRemoval = timed(() => {
      for (let i = 0; i < 1_000; i += 1) made.removeQueue(`q${i}`);
      for (let i = 1_000; i < 2_000; i += 1) made.unbind(toQueue('amq.direct', `q${i}`, `k${i}`));
    });
    expect(made.bindings('amq.direct')).toHaveLength(count - 2_000);
    expect(perList / (perRemoval / 2_000)).toBeGreaterThan(10);
  });
});

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

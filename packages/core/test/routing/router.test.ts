import { Router } from '../../src/routing/router.ts';
import type { BindingDeclaration } from '../../src/spi/declarations.ts';
import { none, router, toExchange, toQueue } from './router-fixture.ts';

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

  it('that are kept here stay when shared ones replace the others, and go when they are unbound', () => {
    const local = [toExchange('x', 'y'), toQueue('x', 'here', 'k', { n: 1 })] as const;
    const made = router({ x: 'direct', y: 'fanout' }, ...local, toQueue('x', 'old', 'k'));
    const keeps = (each: BindingDeclaration): boolean => local.some((one) => one === each);
    const shared = [toQueue('x', 'new', 'k')];
    made.replaceBindings('x', shared, keeps);
    expect(new Set(made.bindings('x'))).toEqual(new Set([...local, ...shared]));
    expect(made.exchangesBehind('x')).toEqual(['y']);
    for (const one of local) made.unbind(one);
    made.replaceBindings('x', shared, keeps);
    expect(made.bindings('x')).toEqual(shared);
    expect([...made.exchangesBehind('x'), ...made.exchangesBehind('nowhere')]).toEqual([]);
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

import { Router } from '../../src/routing/router.ts';
import { none, router, toExchange, toQueue } from './router-fixture.ts';

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

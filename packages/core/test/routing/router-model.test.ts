import * as fc from 'fast-check';
import { Router } from '../../src/routing/router.ts';
import type { Headers } from '../../src/spi/envelope.ts';
import { binding, headers, routingKey } from './arbitraries.ts';
import { heapUsed, timed } from './measure.ts';
import { naiveMatch } from './naive.ts';
import { toQueue } from './router-fixture.ts';

describe('a router as a whole', () => {
  const names = ['x1', 'x2', 'x3', '__proto__'];
  const types = ['direct', 'topic', 'fanout', 'headers'];
  const declaration = fc.tuple(fc.constantFrom(...types), fc.option(fc.constantFrom(...names), { nil: undefined }));
  const graph = fc.tuple(...names.map(() => declaration));

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

  it.each(['amq.direct', 'amq.topic', 'amq.fanout', 'amq.match'])(
    'keeps nothing of removed bindings: %s',
    (exchange) => {
      const made = new Router();
      const bindings = Array.from({ length: 10_000 }, (_, i) =>
        toQueue(exchange, `q${i}`, `a${i}.b`, { [`h${i}`]: i }),
      );
      const before = heapUsed();
      for (const one of bindings) made.bind(one);
      const full = heapUsed() - before;
      for (const one of bindings) made.unbind(one);
      expect(heapUsed() - before).toBeLessThan(full / 20);
      for (const one of bindings) made.bind(one);
      for (const { destination } of bindings) made.removeQueue(destination);
      expect(heapUsed() - before).toBeLessThan(full / 20);
      expect(bindings).toHaveLength(10_000);
    },
  );

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

import { MatcherRegistry } from '../../src/pidbox/matchers.ts';

describe('matchers', () => {
  const registry = new MatcherRegistry();

  // The answers of Python's fnmatch.fnmatchcase.
  it.each([
    ['*', 'celery@worker1', true],
    ['celery@*', 'celery@worker1', true],
    ['celery@*', 'other@worker1', false],
    ['worker?', 'worker1', true],
    ['worker?', 'worker12', false],
    ['worker[12]', 'worker2', true],
    ['worker[!12]', 'worker2', false],
    ['worker[!12]', 'worker3', true],
    ['worker[a-c]', 'workerb', true],
    ['worker[c-a]', 'workerb', false],
    ['a[]]b', 'a]b', true],
    ['a[b', 'a[b', true],
    ['a.b', 'axb', false],
    ['(a|b)+', '(a|b)+', true],
    [String.raw`a\b`, String.raw`a\b`, true],
    ['', '', true],
    ['', 'a', false],
    ['a*c', 'a\nc', true],
    ['[^a]', '^', true],
    [String.raw`[\]`, '\\', true],
  ])('glob: %j matches %j: %s', (pattern, text, matches) => {
    expect(registry.match(text, pattern)).toBe(matches);
  });

  it.each([
    ['worker[0-9]+', 'worker12', true],
    ['worker', 'worker12', true],
    ['12', 'worker12', false],
    ['a|b', 'xb', false],
  ])('pcre: %j from the start of %j: %s', (pattern, text, matches) => {
    expect(registry.match(text, pattern, 'pcre')).toBe(matches);
  });

  it('stops a pattern that would take for ever, and refuses one that cannot be read', () => {
    expect(() => registry.match(`${'a'.repeat(40)}!`, '(a+)+$', 'pcre')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
    expect(() => registry.match('a', '(', 'pcre')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => registry.match('a', '*'.repeat(10_001))).toThrow(/too long/);
  });

  it('takes matchers of others, and names those it has when it does not know one', () => {
    const own = new MatcherRegistry();
    own.register('ends', (text, pattern) => text.endsWith(pattern));
    expect(own.match('worker', 'ker', 'ends')).toBe(true);
    own.unregister('ends');
    expect(() => own.match('worker', 'ker', 'ends')).toThrow(/"ends": there are "glob", "pcre"/);
    expect(() => own.unregister('ends')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

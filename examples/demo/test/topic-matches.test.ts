import { topicMatches } from '../src/topic-matches.ts';

describe('topicMatches', () => {
  it.each([
    ['#', 'github.push', true],
    ['github.#', 'github', true],
    ['github.#', 'github.issues.opened', true],
    ['github.*', 'github.push', true],
    ['github.*', 'github.issues.opened', false],
    ['github.*.opened', 'github.issues.opened', true],
    ['github.*.opened', 'github.opened', false],
    ['#.opened', 'opened', true],
    ['#.issues.#', 'github.issues', true],
    ['github.issues', 'github.issue', false],
    ['github', 'github.push', false],
  ])('%s and %s: %s', (pattern, routingKey, expected) => {
    expect(topicMatches(pattern, routingKey)).toBe(expected);
  });
});

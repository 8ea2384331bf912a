import { didYouMean, nearest } from '../src/nearest.ts';

const schemes = ['amqp', 'amqps', 'redis', 'rediss', 'sqs', 'mongodb', 'visibilityTimeout'];

describe('nearest', () => {
  it.each([
    ['reddis', 'redis'],
    ['rdeis', 'redis'],
    ['AMPQ', 'amqp'],
    ['sqa', 'sqs'],
    ['mongo_db', 'mongodb'],
    ['visibility_timeout', 'visibilityTimeout'],
    ['visiblityTimout', 'visibilityTimeout'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, schemes)).toBe(meant);
  });

  it.each(['kafka', 'nats', '', 'x'.repeat(100_000)])('finds nothing close to %.10s', (word) => {
    expect(nearest(word, schemes)).toBeUndefined();
  });

  it('prefers the nearer candidate over the earlier one', () => {
    expect(nearest('redis', ['rediss', 'redis'])).toBe('redis');
  });
});

describe('didYouMean', () => {
  it('is a sentence, or nothing', () => {
    expect(didYouMean('reddis', schemes)).toBe(' Did you mean "redis"?');
    expect(didYouMean('kafka', schemes)).toBe('');
  });
});

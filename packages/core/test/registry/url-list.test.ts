import { InvalidArgumentError } from '../../src/errors.ts';
import { splitUrls } from '../../src/registry/url.ts';

describe('splitUrls', () => {
  it.each([
    ['amqp://a', ['amqp://a']],
    ['amqp://a;amqp://b', ['amqp://a', 'amqp://b']],
    ['amqp://u:p@a/v; redis://b/0 ;', ['amqp://u:p@a/v', 'redis://b/0']],
    ['amqp://a;b:5673;[::1]:5674', ['amqp://a', 'amqp://b:5673', 'amqp://[::1]:5674']],
    ['redis://a;b;amqps://c;d', ['redis://a', 'redis://b', 'amqps://c', 'amqps://d']],
    ['localhost', ['amqp://localhost']],
    ['a;;b:1;', ['amqp://a', 'amqp://b:1']],
    ['sentinel://h1:1/0;sentinel://h2:2/0', ['sentinel://h1:1/0', 'sentinel://h2:2/0']],
    ['sqla+x://a;redis+socket:///b', ['sqla+x://a', 'redis+socket:///b']],
  ])('splits %s', (list, urls) => {
    expect(splitUrls(list)).toEqual(urls);
  });

  it.each(['amqp://u:p;w@h', 'amqp://u:a;b;c@h/v', 'sqs://K:S;/;@', 'amqp://u:;@h', 'amqp://h/v?a=1;b=2'])(
    'leaves the semicolons inside %s',
    (url) => {
      expect(splitUrls(url)).toEqual([url]);
      expect(splitUrls(`${url};amqp://x`)).toEqual([url, 'amqp://x']);
    },
  );

  it('takes an array as it is', () => {
    expect(splitUrls(['amqp://u:a;amqp://b@h', 'amqp://c', 'd'])).toEqual([
      'amqp://u:a;amqp://b@h',
      'amqp://c',
      'amqp://d',
    ]);
  });

  it.each(['', ';', ' ; ', []])('refuses %p', (input) => {
    expect(() => splitUrls(input)).toThrow(InvalidArgumentError);
  });

  it('refuses what is no string', () => {
    expect(() => splitUrls([undefined as unknown as string])).toThrow('A broker URL is a string, not undefined');
  });
});

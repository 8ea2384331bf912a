import { InvalidArgumentError } from '../../src/errors.ts';
import { makeTarget } from '../../src/registry/target.ts';
import { fakeTransport } from './fake-transport.ts';

const transport = fakeTransport('fake', ['amqp']);

describe('makeTarget', () => {
  it('holds what the URL says', () => {
    expect(makeTarget('amqp://u:p@h:1/v?x=y', transport)).toEqual({
      scheme: 'amqp',
      hostname: 'h',
      port: 1,
      userid: 'u',
      password: 'p',
      virtualHost: 'v',
      query: { x: 'y' },
      ssl: undefined,
      options: {},
      heartbeat: undefined,
      alternates: [],
      url: 'amqp://u:p@h:1/v?x=y',
      display: 'amqp://u:**@h:1/v?x=y',
    });
  });

  it('fills from the options what the URL leaves open, part by part', () => {
    const defaults = {
      hostname: 'other',
      port: 2,
      userid: 'me',
      password: 'mine',
      virtualHost: 'w',
      ssl: { ca: 'x', ssl_check_hostname: true },
      options: { a: 1 },
      heartbeat: 1000,
    };
    const all = makeTarget('amqp://u:p@h:1/v', transport, defaults);
    expect(all).toMatchObject({
      hostname: 'h',
      port: 1,
      userid: 'u',
      password: 'p',
      virtualHost: 'v',
      ssl: defaults.ssl,
    });
    expect(makeTarget('amqp://u@h?ssl_check_hostname=no', transport, defaults)).toMatchObject({
      ...defaults,
      hostname: 'h',
      userid: 'u',
      ssl: { ca: 'x', ssl_check_hostname: false },
    });
    expect(makeTarget('amqp://', transport, { ssl: true }).ssl).toBe(true);
    expect(makeTarget('amqp://?ssl_cert_reqs=none', transport, { ssl: true }).ssl).toEqual({ ssl_cert_reqs: 'none' });
  });

  it('leaves the URL to a transport that reads its own', () => {
    const own = {
      ...transport,
      parseUrl: (url: string) => ({ hostname: url.slice(4) }),
      redact: (url: string, mask: string) => url.replace('KEY', mask),
    };
    expect(makeTarget('X://KEY:ZONE', own, { port: 7 })).toMatchObject({
      scheme: 'x',
      hostname: 'KEY:ZONE',
      port: 7,
      query: {},
      display: 'X://**:ZONE',
    });
  });

  it("masks the secrets in errors of a transport's parser", () => {
    const failing = {
      ...transport,
      parseUrl(url: string): never {
        throw new Error(`cannot read ${url}`);
      },
      redact(): never {
        throw new Error('no');
      },
    };
    const fails = (): unknown => makeTarget('fake://u:hunter2@h', failing);
    expect(fails).toThrow(InvalidArgumentError);
    expect(fails).toThrow(/^Transport fake cannot read the URL fake:\/\/u:\*\*@h: cannot read \*\*$/);
  });

  it('refuses several hosts in the URL of a transport that takes one', () => {
    expect(() => makeTarget('amqp://a:1,b:2/', transport)).toThrow('takes one host');
  });
});

import { InvalidArgumentError } from '../../src/errors.ts';
import { checkKeys, readBoolean, readChoice, readInteger, readText } from '../../src/registry/options.ts';

describe('checkKeys', () => {
  it('lets known keys pass', () => {
    expect(() => checkKeys({ prefetch: 1 }, ['prefetch', 'limit'], 'option')).not.toThrow();
  });

  it('names the unknown key, the nearest and all valid ones', () => {
    expect(() => checkKeys({ prefetc: 1 }, ['prefetch', 'limit'], 'option of transport redis')).toThrow(
      new InvalidArgumentError(
        'Unknown option of transport redis: "prefetc". Did you mean "prefetch"? Valid: prefetch, limit.',
      ),
    );
  });

  it('refuses names of Object.prototype, which are not options either', () => {
    expect(() => checkKeys({ constructor: 1 }, ['limit'], 'option')).toThrow('Unknown option: "constructor"');
    expect(() => checkKeys(JSON.parse('{"__proto__": 1}') as object, [], 'option')).toThrow('There is none.');
  });
});

describe('readBoolean', () => {
  it.each([true, 'true', 'TRUE', '1', 'yes', 'on'])('reads %p as true', (value) => {
    expect(readBoolean(value, 'ssl')).toBe(true);
  });

  it.each([false, 'false', 'False', '0', 'no', 'off'])('reads %p as false', (value) => {
    expect(readBoolean(value, 'ssl')).toBe(false);
  });

  it.each(['', 'maybe', 1, 0, null, undefined, {}])('refuses %p', (value) => {
    expect(() => readBoolean(value, 'ssl')).toThrow(/^ssl must be true or false, not /);
  });
});

describe('readText', () => {
  it('gives a text as it is', () => {
    expect(readText(' a ', 'folder')).toBe(' a ');
  });

  it.each(['', 1, true, null, undefined, {}])('refuses %p', (value) => {
    expect(() => readText(value, 'folder')).toThrow(/^folder must be a text that is not empty, not /);
  });
});

describe('readInteger', () => {
  it.each([
    ['0', 0],
    ['-12', -12],
    ['007', 7],
    [42, 42],
  ])('reads %p as %p', (value, read) => {
    expect(readInteger(value, 'limit')).toBe(read);
  });

  it.each(['', ' 1', '1.5', '1e3', '0x10', 'one', '99999999999999999999', 1.5, Number.NaN, Infinity, null, true])(
    'refuses %p',
    (value) => {
      expect(() => readInteger(value, 'limit')).toThrow(InvalidArgumentError);
    },
  );

  it('keeps to its bounds, which are inclusive', () => {
    expect(readInteger('1', 'port', { min: 1, max: 3 })).toBe(1);
    expect(readInteger(3, 'port', { min: 1, max: 3 })).toBe(3);
    expect(() => readInteger('0', 'port', { min: 1, max: 3 })).toThrow(
      'port must be an integer from 1 up to 3, not "0"',
    );
    expect(() => readInteger(4, 'port', { max: 3 })).toThrow('port must be an integer up to 3, not 4');
  });

  it('prints no contents of objects and no endless text', () => {
    expect(() => readInteger({ password: 'hush' }, 'limit')).toThrow(/not an object$/);
    expect(() => readInteger('x'.repeat(10_000), 'limit')).toThrow(/^.{0,100}$/);
  });
});

describe('readChoice', () => {
  it('ignores letter case and gives the choice as it is spelled', () => {
    expect(readChoice('Round-Robin', 'strategy', ['round-robin', 'shuffle'])).toBe('round-robin');
  });

  it('names the choices and the nearest', () => {
    expect(() => readChoice('suffle', 'strategy', ['round-robin', 'shuffle'])).toThrow(
      'strategy must be one of round-robin, shuffle, not "suffle". Did you mean "shuffle"?',
    );
    expect(() => readChoice(7, 'strategy', ['shuffle'])).toThrow(InvalidArgumentError);
  });
});

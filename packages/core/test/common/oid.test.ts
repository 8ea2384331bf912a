import { oidFrom } from '../../src/common/oid.ts';

describe('behaviour 24: the oid of an object', () => {
  it('is a UUID of version 3, always the same, and that of no other object', () => {
    const [one, other] = [{}, {}];
    expect(oidFrom(one)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-3[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(oidFrom(one)).toBe(oidFrom(one));
    expect(oidFrom(one)).not.toBe(oidFrom(other));
  });
});

/** Sees a call of a method and does it by `operation`, or not. */
export type Interceptor<M> = (
  method: M,
  args: readonly unknown[],
  operation: (args: readonly unknown[]) => Promise<unknown>,
) => Promise<unknown>;

/**
 * `target` with some of its asynchronous methods led through `run`, and with some members replaced. All the rest is the
 * target's own, and what it lacks is lacking here.
 */
export function intercept<T extends object, M extends string>(
  target: T,
  methods: readonly M[],
  run: Interceptor<M>,
  replaced: Partial<T> = {},
): T {
  const get = (_: object, key: string | symbol): unknown => {
    if (Object.hasOwn(replaced, key)) return Reflect.get(replaced, key);
    // The target is the receiver, so that its private fields are in reach.
    const member: unknown = Reflect.get(target, key, target);
    if (typeof member !== 'function') return member;
    const call = (args: readonly unknown[]): unknown => Reflect.apply(member, target, args);
    if (!methods.includes(key as M)) return (...args: unknown[]) => call(args);
    return (...args: unknown[]) => run(key as M, args, async (current) => call(current));
  };
  // Not a proxy of the target itself: a frozen one may not be given other members.
  return new Proxy({}, { get, has: (_, key) => key in target }) as T;
}

import type { OutgoingMessage, PutFailure } from '@kombu/core/spi';
import { ConnectionError } from '@kombu/core/spi';

import type { Fault, FaultCall } from './fault-script.ts';
import type { Gate } from './gate.ts';

/** What a faulty call rejects with; it gets the name of the method. */
export type MakeError = (method: string) => unknown;

const linkLost: MakeError = (method) => new ConnectionError(`Injected fault: the link broke during ${method}`);

/** Rejects and does nothing. Default error: `CONNECTION_LOST`. */
export function failBefore(error: MakeError = linkLost): Fault {
  return async ({ method }) => {
    throw error(method);
  };
}

/** Does what was asked and loses the answer. Default error: `CONNECTION_LOST`. */
export function failAfter(error: MakeError = linkLost): Fault {
  return async ({ method, next }) => {
    await next();
    throw error(method);
  };
}

/** The request takes `ms` milliseconds longer. */
export function delayRequest(ms: number): Fault {
  return async (call) => {
    await pause(call, ms);
    return call.next();
  };
}

/** The answer takes `ms` milliseconds longer: what was asked is done, and the caller does not know it yet. */
export function delayAnswer(ms: number): Fault {
  return async (call) => {
    const answer = await call.next();
    await pause(call, ms);
    return answer;
  };
}

/** The request hangs while the gate is shut. */
export function hangBefore(gate: Gate): Fault {
  return async ({ next }) => {
    await gate.pass();
    return next();
  };
}

/** What was asked is done, and the answer hangs while the gate is shut. */
export function hangAfter(gate: Gate): Fault {
  return async ({ next }) => {
    const answer = await next();
    await gate.pass();
    return answer;
  };
}

/** Does what was asked and answers something else, made from the true answer. */
export function changeAnswer(change: (answer: unknown) => unknown): Fault {
  return async ({ next }) => change(await next());
}

/** Does nothing and answers as if; for example `pretend((receipts) => …)` for leases that are lost. */
export function pretend(answer: (args: readonly unknown[]) => unknown): Fault {
  return async ({ args }) => answer(args);
}

/** For `put`: the messages at the places where `fails` is true do not get in. */
export function partialPut(fails: (index: number) => boolean, error: MakeError = linkLost): Fault {
  return async ({ method, args, next }) => {
    const [queue, messages] = args as [string, readonly OutgoingMessage[]];
    const places = messages.map((_, index) => index);
    const kept = places.filter((index) => !fails(index));
    const failures: PutFailure[] = places.filter(fails).map((index) => ({ index, error: error(method) }));
    if (kept.length > 0) {
      const more = (await next([queue, kept.map((index) => messages[index])])) as readonly PutFailure[] | undefined;
      for (const failure of more ?? []) failures.push({ ...failure, index: kept[failure.index]! });
    }
    return failures;
  };
}

function pause({ clock }: FaultCall, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms));
}

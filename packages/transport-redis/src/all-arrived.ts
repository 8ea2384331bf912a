import { setImmediate } from 'node:timers/promises';

/** Resolves when all that had arrived at the sockets of this process is read: after one whole turn of the event loop. */
export async function allArrived(): Promise<void> {
  // The first step may end within the turn that is under way.
  await setImmediate();
  await setImmediate();
}
